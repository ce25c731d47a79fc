use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::policy::{Schedule, Step, Timing};

const TIMING: Timing = Timing {
    every: Duration::from_secs(600),
    cooldown: Duration::from_secs(30),
    max_stale: Duration::from_secs(3600),
};

/// One that was loaded at `now`.
fn loaded(now: Instant) -> Schedule {
    let mut schedule = Schedule::new(TIMING);
    assert_eq!(schedule.begin(now), Step::Begin(1));
    schedule.end(true, now);
    schedule
}

#[test]
fn ids_that_were_not_found_are_remembered_within_bounds() {
    let mut now = Instant::now();
    let mut schedule = loaded(now);
    // More than it remembers, each looked for as soon as may be.
    for number in 0..300 {
        let kid = format!("{number}");
        let step = schedule.missing(Some(&kid), now);
        assert!(matches!(step, Step::Begin(_)), "{number}: {step:?}");
        schedule.end(true, now);
        assert_eq!(schedule.still_missing(Some(&kid), now), Step::Refuse);
        now += TIMING.cooldown;
    }
    // The last one rests no longer than all do; the one that asks again rests longer.
    assert!(matches!(schedule.missing(Some("299"), now), Step::Begin(_)));
    schedule.end(true, now);
    schedule.still_missing(Some("299"), now);
    now += TIMING.cooldown;
    assert_eq!(schedule.missing(Some("299"), now), Step::Refuse);
    assert!(matches!(schedule.missing(Some("another"), now), Step::Begin(_)));
}

#[test]
fn a_search_that_fails_says_nothing_of_the_key() {
    let now = Instant::now();
    let mut schedule = loaded(now);
    assert!(matches!(schedule.missing(Some("new"), now), Step::Begin(2)));
    schedule.end(false, now);
    assert_eq!(schedule.still_missing(Some("new"), now), Step::Unavailable);
    assert_eq!(schedule.missing(Some("new"), now), Step::Unavailable);
    // Nor does it rest beyond the cooldown of all.
    let later = now + TIMING.cooldown;
    assert!(matches!(schedule.missing(Some("new"), later), Step::Begin(3)));
}

#[cfg(feature = "jwks")]
#[test]
fn metadata_stand_below_the_issuer() {
    use super::discovery::metadata_url;

    let check = |issuer: &str, expect: &str| assert_eq!(metadata_url(issuer), expect);
    check("https://a", "https://a/.well-known/openid-configuration");
    check("https://a/", "https://a/.well-known/openid-configuration");
    check("https://a/b", "https://a/b/.well-known/openid-configuration");
    check("https://a/b/", "https://a/b/.well-known/openid-configuration");
}

#[derive(Debug, Clone)]
enum Event {
    Missing(Option<u8>),
    Due,
    End(bool),
    Wait(u16),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        any::<Option<u8>>().prop_map(Event::Missing),
        Just(Event::Due),
        any::<bool>().prop_map(Event::End),
        (0..2000_u16).prop_map(Event::Wait),
    ];
    proptest::collection::vec(event, 0..200)
}

proptest! {
    #[test]
    fn whatever_happens_there_is_one_fetch_at_a_time_and_one_search_per_cooldown(events in events()) {
        let mut now = Instant::now();
        let mut schedule = Schedule::new(TIMING);
        let (mut flying, mut begun) = (false, 0);
        let mut searched: Option<Instant> = None;
        for event in events {
            let step = match event {
                Event::Wait(seconds) => {
                    now += Duration::from_secs(u64::from(seconds));
                    continue;
                }
                Event::End(loaded) => {
                    if flying {
                        schedule.end(loaded, now);
                        flying = false;
                    }
                    continue;
                }
                Event::Due if schedule.due(now) > now => continue,
                Event::Due => schedule.begin(now),
                Event::Missing(kid) => {
                    let usable = schedule.usable(now);
                    let step = schedule.missing(kid.map(|kid| kid.to_string()).as_deref(), now);
                    if let (Step::Begin(_), true) = (step, usable) {
                        prop_assert!(searched.is_none_or(|at| now.duration_since(at) >= TIMING.cooldown));
                        searched = Some(now);
                    }
                    prop_assert!(usable || step != Step::Refuse, "without keys nobody knows");
                    step
                }
            };
            match step {
                Step::Begin(number) => {
                    begun += 1;
                    prop_assert!(!flying && number == begun);
                    flying = true;
                }
                Step::Join(number) => prop_assert!(flying && number == begun),
                Step::Refuse | Step::Unavailable => prop_assert!(!flying),
            }
        }
    }
}
