use std::sync::OnceLock;

use http::HeaderValue;

use super::field::value;
use super::policy::{Counting, Pace, Standing, whole_seconds};

/// Values of `RateLimit` that are kept at most, of some 100 bytes each.
const KEPT: u64 = 4096;

/// The values of `RateLimit` for one quota, each made once where there is room.
#[derive(Debug)]
pub(super) struct Draft {
    name: String,
    /// In how many seconds, at most, there is one request more, but for those who wait.
    longest: u64,
    /// Those that would share a place with another are made anew each time.
    kept: Box<[OnceLock<(Told, HeaderValue)>]>,
}

/// What is left, and the seconds until it is more.
type Told = (u32, u64);

impl Draft {
    pub(super) fn new(name: &str, pace: Pace) -> Self {
        let longest = whole_seconds(match pace.counting() {
            Counting::Gcra => pace.interval(),
            Counting::FixedWindow => pace.window(),
        });
        let values = u64::from(pace.burst()).saturating_mul(longest);
        Self {
            name: name.to_owned(),
            longest,
            kept: (0..values.min(KEPT)).map(|_| OnceLock::new()).collect(),
        }
    }

    pub(super) fn service_limit(&self, standing: Standing) -> HeaderValue {
        let told = (standing.remaining, whole_seconds(standing.more_in));
        let (remaining, seconds) = told;
        let render = || value(format_args!("\"{}\";r={remaining};t={seconds}", self.name));
        let number = u64::from(remaining)
            .wrapping_mul(self.longest)
            .wrapping_add(seconds - 1);
        let places = self.kept.len().max(1) as u64;
        let kept = usize::try_from(number % places)
            .ok()
            .and_then(|place| self.kept.get(place));
        match kept.map(|kept| kept.get_or_init(|| (told, render()))) {
            Some((own, value)) if *own == told => value.clone(),
            _ => render(),
        }
    }
}
