use std::fmt;

use http::{Extensions, HeaderMap, StatusCode};

use super::allowance::Allowance;
use super::clock::Ticks;
use super::dry_run::Tally;
use super::limit::Predicate;
use super::memory::Memory;
use super::policy::{Standing, whole_seconds};
use super::receipt::{Entry, Receipt};
use super::refusals::{NO_KEY, UNCOUNTED};
use super::rule::{Bar, Rule};
use super::store::{Charge, Charges, Refund, Store, StoreFailure, Taken};
use super::verdict::{Refusal, Verdict};
use crate::caller::{Reports, Salt};
use crate::problem::Problem;
use crate::request_view::RequestView;

/// The name in faults and in the log.
pub(super) const LAYER: &str = "rate_limit";

/// What the builder settled and what has been counted, shared by all clones of the layer and of its services.
pub(crate) struct Limiter {
    pub(super) rules: Box<[Rule]>,
    pub(super) store: Store,
    pub(super) ticks: Ticks,
    pub(super) salt: Salt,
    pub(super) skip: Vec<Predicate>,
    pub(super) expose_state: bool,
    /// One for each rule, in a dry run.
    pub(super) dry_run: Option<Box<[Tally]>>,
    pub(super) reports: Reports,
}

impl Limiter {
    /// Counts the request, where that can be done at once.
    pub(super) fn judge(&self, request: RequestView<'_>) -> Verdict {
        if self.skip.iter().any(|skip| skip(request)) {
            return Verdict::EXEMPT;
        }
        if let ([rule], Store::Memory(memory)) = (&*self.rules, &self.store) {
            return match rule.charge(0, &request, &self.salt) {
                Ok(Some(charge)) => self.take_one(rule, memory, charge, request.extensions()),
                Ok(None) => Verdict::EXEMPT,
                Err(bar) => self.bar(0, bar, request.extensions()),
            };
        }
        let mut charges = Charges::default();
        for (place, rule) in self.rules.iter().enumerate() {
            match rule.charge(place, &request, &self.salt) {
                Ok(Some(charge)) => charges.push(charge),
                Ok(None) => {}
                Err(bar) => return self.bar(place, bar, request.extensions()),
            }
        }
        let taken = charges.as_slice();
        match &self.store {
            _ if taken.is_empty() => Verdict::EXEMPT,
            Store::Memory(memory) => {
                let now = self.ticks.now();
                match memory.take(taken, now) {
                    Ok(standings) => self.admit(taken, &standings, now),
                    Err((by, standing)) => self.refuse(taken, by, standing, request.extensions()),
                }
            }
            Store::Shared(store) => match store.refused(taken) {
                Some((by, standing)) => self.refuse(taken, by, standing, request.extensions()),
                None => Verdict::Ask(taken.into(), store.take(taken.to_vec())),
            },
        }
    }

    /// As most layers have but one quota, without room for more.
    fn take_one(&self, rule: &Rule, memory: &Memory, charge: Charge, request: &Extensions) -> Verdict {
        let now = self.ticks.now();
        match memory.take_one(charge, now) {
            Ok(_) if rule.is_silent() && !self.expose_state => Verdict::EXEMPT,
            Ok(account) => self.admit(&[charge], &[rule.pace.standing(account, now)], now),
            Err(account) => self.refuse(&[charge], charge.quota, rule.pace.standing(account, now), request),
        }
    }

    /// What the store elsewhere has answered.
    pub(super) fn answered(
        &self,
        charges: &[Charge],
        answer: Result<Taken, StoreFailure>,
        request: &Extensions,
    ) -> Verdict {
        match answer {
            Ok(Taken::Admitted(standings)) => self.admit(charges, &standings, self.ticks.now()),
            Ok(Taken::Refused { by, standing }) => self.refuse(charges, by, standing, request),
            Err(_) if self.dry_run.is_some() => Verdict::EXEMPT,
            // The store itself has told the log, once for each time that it goes down.
            Err(_) => Verdict::Refuse(Refusal::new(UNCOUNTED.clone(), request)),
        }
    }

    fn admit(&self, charges: &[Charge], standings: &[Standing], now: u64) -> Verdict {
        let shown = || {
            let rules = charges.iter().zip(standings);
            rules.filter_map(|(charge, standing)| Some((self.rules.get(charge.quota)?, *standing)))
        };
        let delay = shown().map(|(rule, standing)| rule.delay(standing)).max();
        let tightest = || shown().min_by_key(|(rule, standing)| rule.shown(*standing).remaining);
        let allowance = self
            .expose_state
            .then(tightest)
            .flatten()
            .map(|(rule, standing)| Allowance::new(rule.quota.name.clone(), rule.limit(), rule.shown(standing)));
        Verdict::Admit {
            delay: delay.filter(|_| self.dry_run.is_none()).unwrap_or_default(),
            allowance,
            receipt: Receipt::new(self, charges, standings, now),
        }
    }

    fn refuse(&self, charges: &[Charge], by: usize, standing: Standing, request: &Extensions) -> Verdict {
        let Some(rule) = self.rules.get(by) else {
            return Verdict::EXEMPT;
        };
        if self.would_refuse(by, "over the quota", request) {
            return Verdict::EXEMPT;
        }
        let charge = charges.iter().find(|charge| charge.quota == by);
        let standing = rule.shown(standing);
        let wait = rule.pace.wait(standing, charge.map_or(1, |charge| charge.weight));
        Verdict::Refuse(Refusal {
            told: Some((by, standing)),
            ..Refusal::new(rule.refusals.problem(whole_seconds(wait)), request)
        })
    }

    /// Refuses what cannot be counted.
    fn bar(&self, place: usize, bar: Bar, request: &Extensions) -> Verdict {
        if let Bar::Misplaced(missing) = bar {
            self.reports.report(LAYER, missing);
        }
        let (reason, problem) = match (bar, self.rules.get(place)) {
            (Bar::NoKey, _) => ("it has no key", NO_KEY.clone()),
            (Bar::TooHeavy, Some(rule)) => ("it costs more than the quota ever holds", rule.refusals.too_heavy()),
            (Bar::Misplaced(_) | Bar::TooHeavy, _) => (
                "nobody has said whom to count it for",
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR),
            ),
        };
        if self.would_refuse(place, reason, request) {
            return Verdict::EXEMPT;
        }
        Verdict::Refuse(Refusal::new(problem, request))
    }

    /// Whether it is but a dry run, whose log then says so.
    fn would_refuse(&self, place: usize, reason: &str, request: &Extensions) -> bool {
        let Some(tallies) = &self.dry_run else {
            return false;
        };
        if let (Some(tally), Some(rule)) = (tallies.get(place), self.rules.get(place)) {
            tally.refused(&rule.quota.name, reason, request, self.ticks.now());
        }
        true
    }

    /// Whether an answer may give back what was taken from this quota.
    pub(super) fn gives_back(&self, quota: usize) -> bool {
        self.rules.get(quota).is_some_and(Rule::gives_back)
    }

    /// Gives back what an answer with this status makes uncounted, and says in the entries where the caller stands then.
    pub(super) fn give_back(&self, entries: &mut [Entry], status: StatusCode) {
        let now = self.ticks.now();
        let counts = |quota: usize| self.rules.get(quota).is_none_or(|rule| rule.counts.counts(status));
        let uncounted = entries
            .iter_mut()
            .filter(|entry| entry.until > now && !counts(entry.charge.quota));
        match &self.store {
            Store::Memory(memory) => {
                for entry in uncounted {
                    let standing = memory.give_back(entry.charge, entry.until, now);
                    entry.standing = standing.unwrap_or(entry.standing);
                }
            }
            Store::Shared(store) => {
                let refunds: Vec<_> = uncounted
                    .map(|entry| Refund {
                        charge: entry.charge,
                        left: entry.until.saturating_sub(now),
                    })
                    .collect();
                if !refunds.is_empty() {
                    store.give_back(refunds);
                }
            }
        }
    }

    /// Lets the request's caller begin anew with every quota that applies to it. False where none does.
    pub(super) fn forget(&self, request: RequestView<'_>) -> bool {
        let mut charges = Vec::new();
        for (place, rule) in self.rules.iter().enumerate() {
            charges.extend(
                rule.charge(place, &request, &self.salt)
                    .ok()
                    .flatten()
                    .map(|charge| Charge {
                        weight: rule.pace.burst(),
                        ..charge
                    }),
            );
        }
        let any = !charges.is_empty();
        match &self.store {
            Store::Memory(memory) => {
                for charge in charges {
                    memory.forget(charge.quota, charge.caller);
                }
            }
            Store::Shared(store) if any => store.give_back(charges.into_iter().map(Refund::whole).collect()),
            Store::Shared(_) => {}
        }
        any
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| &*rule.quota.name)
    }

    /// Whether responses say what is left. Either all rules do or none.
    pub(super) fn tells(&self) -> bool {
        self.rules.first().is_some_and(|rule| rule.stamp.writes())
    }

    pub(super) fn tell(&self, response: &mut HeaderMap, quota: usize, standing: Standing) {
        if let Some(rule) = self.rules.get(quota) {
            rule.stamp.write(response, standing);
        }
    }

    pub(super) fn shown(&self, quota: usize, standing: Standing) -> Standing {
        self.rules.get(quota).map_or(standing, |rule| rule.shown(standing))
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("rules", &self.rules)
            .field("store", &self.store)
            .field("skip", &self.skip.len())
            .field("dry_run", &self.dry_run.is_some())
            .finish_non_exhaustive()
    }
}
