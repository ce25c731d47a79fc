//! Against models that are slow and obviously right, and against `governor`.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::FakeRelativeClock;
use http::HeaderMap;
use proptest::prelude::*;

use super::{Counter, SECOND, charge, hash};
use crate::rate_limit::headers::{Headers, Stamp};
use crate::rate_limit::policy::{Account, Pace, whole_seconds};
use crate::rate_limit::quota::Quota;

/// The arrival of each request of one caller that was admitted, as often as it weighs: in no stretch of time are there more than the
/// burst and one each interval.
struct Model {
    interval: u64,
    burst: u64,
    admitted: Vec<u64>,
}

impl Model {
    fn new(interval: u64, burst: u32) -> Self {
        Self {
            interval,
            burst: burst.into(),
            admitted: Vec::new(),
        }
    }

    fn admits(&self, now: u64, weight: u32) -> bool {
        let stretches = self.admitted.iter().enumerate();
        let within = |(i, since): (usize, &u64)| {
            let with_this = (self.admitted.len() - i) as u64 + u64::from(weight);
            with_this <= self.burst + (now - since) / self.interval
        };
        u64::from(weight) <= self.burst && stretches.into_iter().all(within)
    }

    fn take(&mut self, now: u64, weight: u32) -> bool {
        let admits = self.admits(now, weight);
        if admits {
            self.admitted.extend((0..weight).map(|_| now));
        }
        admits
    }

    fn remaining(&self, now: u64) -> u32 {
        let fits = |weight: &u32| self.admits(now, *weight);
        (1..=u32::try_from(self.burst).unwrap())
            .take_while(fits)
            .last()
            .unwrap_or(0)
    }
}

/// The requests of one caller that were admitted in the window that is open.
#[derive(Default)]
struct Window {
    admitted: Vec<(u64, u32)>,
}

impl Window {
    fn used(&mut self, now: u64, window: u64) -> u32 {
        if self.admitted.first().is_some_and(|(begun, _)| begun + window <= now) {
            self.admitted.clear();
        }
        self.admitted.iter().map(|(_, weight)| weight).sum()
    }
}

/// A caller, the pause before the request, and its weight.
fn schedule() -> impl Strategy<Value = Vec<(usize, u64, u32)>> {
    let pause = prop_oneof![Just(0), 1..60_u64, 1..600_u64];
    proptest::collection::vec((0..3_usize, pause, prop_oneof![3 => Just(1), 1 => 1..10_u32]), 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn any_schedule_is_decided_as_by_the_definition(interval in 1..50_u64, burst in 1..9_u32, schedule in schedule()) {
        let pace = Pace::gcra(interval, burst).unwrap();
        let gcra = Counter::new(pace, 96);
        let mut models = [(); 3].map(|()| Model::new(interval, burst));
        for (caller, pause, weight) in schedule {
            gcra.advance(Duration::from_nanos(pause));
            let now = gcra.now();
            let model = &mut models[caller];
            let taken = gcra.weigh(hash(caller as u64), weight);
            prop_assert_eq!(taken.is_ok(), model.take(now, weight));
            if taken.is_err() && weight <= burst {
                let wait = pace.wait(taken.unwrap_err(), weight);
                prop_assert!(model.admits(now + wait, weight));
                prop_assert!(!model.admits(now + wait - 1, weight));
            }
            let standing = taken.unwrap_or_else(|refused| refused);
            let remaining = model.remaining(now);
            prop_assert_eq!(standing.remaining, remaining);
            if remaining < burst {
                prop_assert_eq!(model.remaining(now + standing.more_in), remaining + 1);
                prop_assert_eq!(model.remaining(now + standing.more_in - 1), remaining);
                prop_assert_eq!(model.remaining(now + standing.whole_in), burst);
                prop_assert!(model.remaining(now + standing.whole_in - 1) < burst);
            }
        }
    }

    #[test]
    fn any_schedule_is_decided_as_by_governor(interval in 1..50_u64, burst in 1..9_u32, schedule in schedule()) {
        let gcra = Counter::new(Pace::gcra(interval, burst).unwrap(), 96);
        let clock = FakeRelativeClock::default();
        let quota = governor::Quota::with_period(Duration::from_nanos(interval)).unwrap();
        let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap());
        let governors = [(); 3].map(|()| RateLimiter::direct_with_clock(quota, clock.clone()));
        for (caller, pause, weight) in schedule {
            gcra.advance(Duration::from_nanos(pause));
            clock.advance(Duration::from_nanos(pause));
            // Its error is a weight that can never pass.
            let governed = governors[caller].check_n(NonZeroU32::new(weight).unwrap());
            let governed = matches!(governed, Ok(Ok(())));
            prop_assert_eq!(gcra.weigh(hash(caller as u64), weight).is_ok(), governed);
        }
    }

    #[test]
    fn any_schedule_is_counted_in_windows_as_by_hand(window in 1..500_u64, limit in 1..9_u32, schedule in schedule()) {
        let counter = Counter::new(Pace::fixed(window, limit).unwrap(), 96);
        let mut models = [(); 3].map(|()| Window::default());
        for (caller, pause, weight) in schedule {
            counter.advance(Duration::from_nanos(pause));
            let now = counter.now();
            let model = &mut models[caller];
            let used = model.used(now, window);
            let admits = used + weight <= limit;
            let taken = counter.weigh(hash(caller as u64), weight);
            prop_assert_eq!(taken.is_ok(), admits);
            if admits {
                model.admitted.push((now, weight));
            }
            let standing = taken.unwrap_or_else(|refused| refused);
            prop_assert_eq!(standing.remaining, limit - model.used(now, window));
            if let Some((begun, _)) = model.admitted.first() {
                prop_assert_eq!(standing.more_in, begun + window - now);
            }
        }
    }

    /// Of requests one after the other, whatever each takes and however long, those that stay counted keep to the quota.
    #[test]
    fn what_is_given_back_never_lets_more_be_counted(
        interval in 1..50_u64,
        burst in 1..9_u32,
        schedule in proptest::collection::vec((0..100_u64, 0..200_u64, 1..3_u32, any::<bool>()), 1..60),
    ) {
        let gcra = Counter::new(Pace::gcra(interval, burst).unwrap(), 32);
        let mut counted = Model::new(interval, burst);
        for (pause, service, weight, counts) in schedule {
            gcra.advance(Duration::from_nanos(pause));
            let now = gcra.now();
            let Ok(standing) = gcra.weigh(1, weight) else { continue };
            prop_assert!(counted.admits(now, weight));
            gcra.advance(Duration::from_nanos(service));
            if counts {
                counted.take(now, weight);
            } else {
                gcra.memory.give_back(charge(1, weight), now + standing.whole_in, gcra.now());
            }
        }
    }

    #[test]
    fn quotas_come_back_from_their_text(requests in 1..10_000_u32, window in 1..2_000_000_000_u64, unit in 0..4_usize, burst in 1..10_000_u32) {
        let unit = [1, 1_000_000, 1_000_000_000, 60_000_000_000][unit];
        let window = Duration::from_nanos(unit).saturating_mul(u32::try_from(window).unwrap());
        let quota = Quota::new(requests, window).burst(burst);
        let fixed = Quota::new(requests, window).fixed_window();
        if fixed.pace().is_ok() {
            prop_assert_eq!(fixed.to_string().parse::<Quota>(), Ok(fixed));
        }
        if quota.pace().is_ok() {
            prop_assert_eq!(quota.to_string().parse::<Quota>(), Ok(quota));
        }
    }

    #[test]
    fn a_kept_value_is_never_anothers(
        interval in prop_oneof![1..9_000_000_000_000_u64, Just(SECOND), Just(9 * SECOND)],
        burst in 1..10_000_u32,
        used in proptest::collection::vec(0.0..1.0_f64, 1..40),
    ) {
        let quota = Quota::new(1, Duration::from_nanos(interval)).burst(burst);
        let Ok(pace) = quota.pace() else { return Ok(()) };
        let stamp = Stamp::new(Headers::Draft, &quota, pace);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "any debt will do")]
        for debt in used.iter().map(|part| (part * interval as f64 * f64::from(burst)) as u64 + 1) {
            let standing = pace.standing(Account { whole: debt, used: 0 }, 0);
            let mut headers = HeaderMap::new();
            stamp.write(&mut headers, standing);
            let expect = format!("\"default\";r={};t={}", standing.remaining, whole_seconds(standing.more_in));
            prop_assert_eq!(headers["ratelimit"].to_str().unwrap(), expect);
        }
    }
}
