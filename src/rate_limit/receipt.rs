use http::{HeaderMap, StatusCode};

use super::limiter::Limiter;
use super::policy::Standing;
use super::store::Charge;

/// What an admitted request has taken: for the headers of its answer, and for what may be given back with it.
#[derive(Debug)]
pub(crate) struct Receipt(Told);

#[derive(Debug)]
enum Told {
    /// All there is to do is to tell of one quota.
    One(usize, Standing),
    Many(Box<[Entry]>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) charge: Charge,
    pub(super) standing: Standing,
    /// When the quota was to be whole again, as of the charge.
    pub(super) until: u64,
}

impl Receipt {
    /// `None` where the answer changes nothing.
    pub(super) fn new(limiter: &Limiter, charges: &[Charge], standings: &[Standing], now: u64) -> Option<Self> {
        let conditional = charges.iter().any(|charge| limiter.gives_back(charge.quota));
        Some(Self(match (charges, standings) {
            _ if !conditional && !limiter.tells() => return None,
            ([], _) | (_, []) => return None,
            ([charge], [standing, ..]) if !conditional => Told::One(charge.quota, *standing),
            _ => Told::Many(
                charges
                    .iter()
                    .zip(standings)
                    .map(|(charge, standing)| Entry {
                        charge: *charge,
                        standing: *standing,
                        until: now.saturating_add(standing.whole_in),
                    })
                    .collect(),
            ),
        }))
    }

    /// The request is answered: gives back what is not to count, and then tells what is left.
    pub(super) fn close(self, limiter: &Limiter, status: StatusCode, headers: Option<&mut HeaderMap>) {
        match self.0 {
            Told::One(quota, standing) => {
                if let Some(headers) = headers {
                    limiter.tell(headers, quota, limiter.shown(quota, standing));
                }
            }
            Told::Many(mut entries) => {
                limiter.give_back(&mut entries, status);
                if let Some(headers) = headers {
                    for Entry { charge, standing, .. } in entries {
                        limiter.tell(headers, charge.quota, limiter.shown(charge.quota, standing));
                    }
                }
            }
        }
    }
}
