use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use governor::clock::FakeRelativeClock;
use http::{HeaderMap, HeaderValue, Request};
use proptest::prelude::*;

use super::gcra::Gcra;
use super::headers::{Headers, Stamp, reset};
use super::layer::RateLimitLayer;
use super::policy::{Pace, Standing, whole_seconds};
use super::quota::Quota;
use super::refusals::Refusals;
use super::store::WAYS;
use crate::caller::{Key, Missing, Salt};
use crate::client_ip::PeerAddr;
use crate::config_error::Fault;
use crate::identity::Identity;
use crate::request_view::RequestView;

const SECOND: u64 = 1_000_000_000;

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

fn pace(text: &str) -> Pace {
    quota(text).pace().unwrap()
}

fn gcra(pace: Pace, keys: usize) -> (Gcra<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Gcra::new(pace, keys, clock.clone()), clock)
}

/// A hash that nobody has chosen.
fn hash(caller: u64) -> u64 {
    let mut mixed = caller.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[test]
fn quotas_are_read_from_text() {
    fn check(text: &str, requests: u32, window: Duration, burst: u32) {
        let expect = Quota::new(requests, window).burst(burst);
        assert_eq!(text.parse::<Quota>().as_ref(), Ok(&expect), "{text}");
    }
    let seconds = Duration::from_secs;
    check("100 per 15 minutes", 100, seconds(900), 100);
    check("10 per second", 10, seconds(1), 10);
    check("10/s", 10, seconds(1), 10);
    check("100/15m", 100, seconds(900), 100);
    check("100/15 mins", 100, seconds(900), 100);
    check("1/30secs", 1, seconds(30), 1);
    check("1/9ms", 1, Duration::from_millis(9), 1);
    check(" 5  per  1  Hour ", 5, seconds(3600), 5);
    check("1 per 1 days", 1, seconds(86_400), 1);
    check("3 per 250ms", 3, Duration::from_millis(250), 3);
    check("100 per hour, burst 20", 100, seconds(3600), 20);
    check("4294967295 per day", u32::MAX, seconds(86_400), u32::MAX);
    check("1 per 365 days", 1, seconds(365 * 86_400), 1);
}

#[test]
fn a_text_that_is_no_quota_says_what_would_be_right() {
    fn check(text: &str, expect: &str) {
        let error = text.parse::<Quota>().unwrap_err().to_string();
        assert!(error.contains(expect), "{text}: {error}");
    }
    check("", "write one like `100 per 15 minutes`");
    check("100", "write one like");
    check("100 every minute", "write one like");
    check("a hundred per hour", "`a hundred` is no count");
    check("+5 per hour", "`+5` is no count");
    check("-5 per hour", "no count");
    check("4294967296 per hour", "up to 4294967295");
    check("5 per fortnight", "use seconds, minutes, hours or days");
    check("5 per ", "the window has no unit");
    check("5 per 0 s", "must not be empty");
    check("5/", "the window has no unit; use seconds");
    check("5 per 15", "the window has no unit");
    check("5 per 3 ünits", "`ünits` is no unit");
    check("0 per second", "must be 1 or more");
    check("5 per 366 days", "must not exceed 365 days");
    check("5 per 4000000000 days", "must not exceed 365 days");
    check("5 per second, burst", "write one like");
    check("5 per second, burst 0", "burst of 0");
    check("5 per second, at once", "write one like");
    check("5 per day, burst 2000", "more than 365 days to come back");
    check("2 per nanosecond", "no limit");
}

#[test]
fn quotas_print_as_they_are_written() {
    for text in [
        "100 per 15 minutes",
        "10 per second",
        "1 per day",
        "7 per 90 seconds",
        "3 per 250 milliseconds",
        "100 per hour, burst 20",
    ] {
        assert_eq!(quota(text).to_string(), text);
    }
    assert_eq!(quota("5 per 60 minutes").to_string(), "5 per hour");
}

#[test]
fn every_fault_of_every_setting_is_listed_at_once() {
    let broken = Quota::new(0, Duration::ZERO).name("a \"name\"");
    let error = RateLimitLayer::builder()
        .quota(Quota::new(1, Duration::from_secs(1)))
        .quota(broken)
        .key(Key::header("x api key").ipv6_prefix(0))
        .max_keys(WAYS - 1)
        .build()
        .unwrap_err();
    let settings: Vec<_> = error.faults().iter().map(Fault::setting).collect();
    let quotas = ["quota"; 5];
    assert_eq!(settings[..5], quotas, "{error}");
    assert_eq!(settings[5..], ["key", "key", "max_keys"], "{error}");
}

#[test]
fn each_setting_has_its_fault() {
    fn check(build: impl FnOnce(super::RateLimitLayerBuilder) -> super::RateLimitLayerBuilder, expect: &str) {
        let error = build(RateLimitLayer::builder()).build().unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
        assert_eq!(error.faults().len(), 1, "{error}");
    }
    check(|builder| builder, "no quota is set");
    check(|builder| builder.quota(quota("1/s").name("")), "is no name");
    check(|builder| builder.quota(quota("1/s").name("zwei, drei")), "is no name");
    check(|builder| builder.quota(quota("1/s").name("größe")), "is no name");
    check(|builder| builder.quota(quota("1/s").name("a".repeat(65))), "is no name");
    check(
        |builder| builder.quota(quota("1/s")).max_keys(usize::MAX),
        "must be 32 to",
    );
    check(|builder| builder.quota(quota("1/s")).quota(quota("1/h")), "stack two");
    check(
        |builder| builder.quota(quota("1/s")).key(Key::client_address().ipv6_prefix(129)),
        "32 to 128 bits",
    );
    assert!(RateLimitLayer::per_address(Quota::new(1, Duration::MAX)).is_err());
}

#[test]
fn standings_are_worked_out_from_what_is_used_up() {
    fn check(text: &str, debt: u64, remaining: u32, more_in: u64, whole_in: u64) {
        let expect = Standing {
            remaining,
            more_in,
            whole_in,
        };
        assert_eq!(pace(text).standing(debt), expect, "{text} after {debt}");
    }
    // One request each 9 seconds.
    let text = "100 per 15 minutes";
    check(text, 9 * SECOND, 99, 9 * SECOND, 9 * SECOND);
    check(text, 9 * SECOND + 1, 98, 1, 9 * SECOND + 1);
    check(text, 10 * SECOND, 98, SECOND, 10 * SECOND);
    check(text, 900 * SECOND, 0, 9 * SECOND, 900 * SECOND);
    check(text, 892 * SECOND, 0, SECOND, 892 * SECOND);
    check(text, u64::MAX, 0, 9 * SECOND, 900 * SECOND);
    check(text, 0, 100, 0, 0);
    check("1 per day", 86_400 * SECOND, 0, 86_400 * SECOND, 86_400 * SECOND);
    check("10 per second, burst 20", SECOND, 10, SECOND / 10, SECOND);
}

#[test]
fn seconds_are_rounded_up_and_never_zero() {
    fn check(nanoseconds: u64, expect: u64) {
        assert_eq!(whole_seconds(nanoseconds), expect, "{nanoseconds}");
    }
    check(0, 1);
    check(1, 1);
    check(SECOND, 1);
    check(SECOND + 1, 2);
    check(u64::MAX, 18_446_744_074);
}

#[test]
fn the_legacy_reset_is_a_time_of_day_rounded_up() {
    fn check(now: Duration, whole_in: u64, expect: u64) {
        let standing = Standing {
            remaining: 0,
            more_in: 1,
            whole_in,
        };
        assert_eq!(reset(standing, UNIX_EPOCH + now), expect);
    }
    check(Duration::from_secs(1_000), 0, 1_000);
    check(Duration::from_secs(1_000), 1, 1_001);
    check(Duration::from_millis(1_000_500), SECOND / 2, 1_001);
    check(Duration::from_millis(1_000_501), SECOND / 2, 1_002);
    let before = UNIX_EPOCH - Duration::from_secs(5);
    let standing = pace("1/s").standing(SECOND);
    assert_eq!(reset(standing, before), 1);
}

#[test]
fn a_kept_refusal_is_never_that_of_another_wait() {
    let refusals = Refusals::new("default");
    for seconds in [1, 65, 1, 129, 64, 128, 86_400, 64] {
        let standing = Standing {
            remaining: 0,
            more_in: seconds * SECOND,
            whole_in: seconds * SECOND,
        };
        let problem = refusals.problem(standing);
        assert_eq!(problem.headers()["retry-after"], seconds.to_string().as_str());
        assert_eq!(problem.members()["retry_after"], seconds);
        assert!(problem.detail().unwrap().ends_with(&format!(" {seconds} s")));
        assert!(problem.request_id().is_none());
    }
}

/// What is written for `debt`, onto what an inner layer has written.
fn written(headers: Headers, quota: &Quota, debt: u64, mut onto: HeaderMap) -> Vec<String> {
    let pace = quota.pace().unwrap();
    let stamp = Stamp::new(headers, quota, pace).unwrap();
    stamp.write(&mut onto, pace.standing(debt));
    // The second time from what is kept.
    let mut again = HeaderMap::new();
    stamp.write(&mut again, pace.standing(debt));
    if headers == Headers::Draft {
        assert_eq!(again.get("ratelimit"), onto.get_all("ratelimit").iter().next_back());
    }
    onto.iter()
        .filter(|(name, _)| *name != "x-ratelimit-reset")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect()
}

#[test]
fn headers_are_written_in_the_chosen_voice() {
    fn check(headers: Headers, quota: &Quota, debt: u64, expect: &[&str]) {
        assert_eq!(written(headers, quota, debt, HeaderMap::new()), expect);
    }
    check(
        Headers::Draft,
        &quota("100 per 15 minutes"),
        9 * SECOND,
        &[
            "ratelimit-policy: \"default\";q=100;w=900",
            "ratelimit: \"default\";r=99;t=9",
        ],
    );
    check(
        Headers::Draft,
        &quota("10 per 1500 ms").name("burst"),
        1500 * (SECOND / 1000),
        &["ratelimit-policy: \"burst\";q=10", "ratelimit: \"burst\";r=0;t=1"],
    );
    check(
        Headers::Legacy,
        &quota("100 per hour, burst 20"),
        36 * SECOND,
        &["x-ratelimit-limit: 20", "x-ratelimit-remaining: 19"],
    );
    assert!(Stamp::new(Headers::None, &quota("1/s"), pace("1/s")).is_none());
}

#[test]
fn what_an_inner_layer_wrote_is_kept() {
    let mut inner = HeaderMap::new();
    inner.insert("ratelimit", HeaderValue::from_static("\"user\";r=5;t=1"));
    inner.insert("ratelimit-policy", HeaderValue::from_static("\"user\";q=6;w=6"));
    let both = written(Headers::Draft, &quota("2 per second").name("ip"), SECOND / 2, inner);
    for part in [
        "ratelimit: \"user\";r=5;t=1",
        "ratelimit: \"ip\";r=1;t=1",
        "ratelimit-policy: \"user\";q=6;w=6",
        "ratelimit-policy: \"ip\";q=2;w=1",
    ] {
        assert!(both.iter().any(|line| line == part), "{part} in {both:?}");
    }

    let legacy = |told: &'static str| {
        let mut inner = HeaderMap::new();
        inner.insert("x-ratelimit-remaining", HeaderValue::from_static(told));
        let lines = written(Headers::Legacy, &quota("10 per second"), SECOND / 2, inner);
        lines.iter().any(|line| line == "x-ratelimit-remaining: 5")
    };
    assert!(legacy("6"));
    assert!(legacy("a few"));
    assert!(!legacy("4"));
}

fn request(peer: Option<&str>, lines: &[(&'static str, &'static str)]) -> Request<()> {
    let mut request = Request::new(());
    for (name, value) in lines {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
    }
    request
}

#[test]
fn callers_are_told_apart_by_their_key() {
    let salt = Salt::secret();
    let caller = |key: &Key, request: &Request<()>| key.caller(RequestView::of(request), &salt);
    let by_address = |peer: &str| caller(&Key::client_address(), &request(Some(peer), &[]));

    assert_eq!(by_address("192.0.2.1:1"), by_address("192.0.2.1:2"));
    assert_eq!(by_address("192.0.2.1:1"), by_address("[::ffff:192.0.2.1]:1"));
    assert_ne!(by_address("[::ffff:192.0.2.1]:1"), by_address("[::ffff:192.0.2.2]:1"));
    assert_eq!(by_address("[2001:db8::1]:1"), by_address("[2001:db8::ffff:1]:1"));
    assert_ne!(by_address("[2001:db8::1]:1"), by_address("[2001:db8:0:1::1]:1"));
    let wide = Key::client_address().ipv6_prefix(56);
    assert_eq!(
        caller(&wide, &request(Some("[2001:db8::1]:1"), &[])),
        caller(&wide, &request(Some("[2001:db8:0:1::1]:1"), &[])),
    );
    assert_eq!(
        caller(&Key::client_address(), &request(None, &[])),
        Err(Missing::Address)
    );

    let by_header = |lines: &[_]| caller(&Key::header("X-Api-Key"), &request(None, lines));
    assert!(matches!(by_header(&[("x-api-key", "a")]), Ok(Some(_))));
    assert_ne!(by_header(&[("x-api-key", "a")]), by_header(&[("x-api-key", "A")]));
    assert_eq!(by_header(&[]), Ok(None));
    assert_eq!(by_header(&[("x-api-key", "")]), Ok(None));
    // Whoever reads the other line would be let in under a fresh quota.
    assert_eq!(by_header(&[("x-api-key", "a"), ("x-api-key", "b")]), Ok(None));

    let by_user = |identity| {
        let mut request = request(Some("192.0.2.1:1"), &[]);
        request.extensions_mut().insert::<Identity>(identity);
        caller(&Key::user(), &request)
    };
    assert_eq!(by_user(Identity::user("7")), by_user(Identity::user("7")));
    assert_ne!(by_user(Identity::user("7")), by_user(Identity::user("8")));
    assert_eq!(by_user(Identity::anonymous()), Ok(None));
    assert_eq!(
        caller(&Key::user(), &request(Some("192.0.2.1:1"), &[])),
        Err(Missing::Identity)
    );
    assert_ne!(by_user(Identity::user("a")), by_header(&[("x-api-key", "a")]));

    let by_tenant = Key::from_fn(|request| request.headers().get("host").cloned());
    assert_eq!(caller(&by_tenant, &request(None, &[])), Ok(None));
    assert!(matches!(
        caller(&by_tenant, &request(None, &[("host", "a")])),
        Ok(Some(_))
    ));
}

#[test]
fn the_hash_of_a_caller_is_secret() {
    let request = request(Some("192.0.2.1:1"), &[]);
    let hash = || Key::client_address().caller(RequestView::of(&request), &Salt::secret());
    assert_ne!(hash(), hash());
    // The address is hashed as an address, not as any bytes that spell it.
    let salt = Salt::secret();
    let address: std::net::IpAddr = "192.0.2.1".parse().unwrap();
    assert_ne!(
        Key::client_address().caller(RequestView::of(&request), &salt),
        Ok(Some(salt.fingerprint(address)))
    );
}

#[test]
fn one_more_comes_when_it_was_announced() {
    let (gcra, clock) = gcra(pace("3 per 10 seconds"), 32);
    for remaining in [2, 1, 0] {
        assert_eq!(gcra.take(1).unwrap().remaining, remaining);
    }
    let refused = gcra.take(1).unwrap_err();
    assert_eq!((refused.remaining, refused.more_in_seconds()), (0, 4));
    clock.advance(Duration::from_nanos(refused.more_in - 1));
    assert_eq!(gcra.take(1).unwrap_err().more_in, 1);
    clock.advance(Duration::from_nanos(1));
    assert!(gcra.take(1).is_ok());
    assert!(gcra.take(1).is_err());
    clock.advance(Duration::from_secs(3600));
    assert_eq!(gcra.take(1).unwrap().remaining, 2);
}

/// All requests of one caller that were admitted: in no stretch of time are there more than the burst and one each interval.
struct Model {
    interval: u128,
    burst: u128,
    admitted: Vec<u128>,
}

impl Model {
    fn admits(&self, now: u128) -> bool {
        self.admitted.iter().enumerate().all(|(i, since)| {
            let with_this = (self.admitted.len() - i) as u128 + 1;
            with_this <= self.burst + (now - since) / self.interval
        })
    }

    fn take(&mut self, now: u128) -> bool {
        let admits = self.admits(now);
        if admits {
            self.admitted.push(now);
        }
        admits
    }

    fn remaining(&self, now: u128) -> usize {
        let mut tried = Self {
            admitted: self.admitted.clone(),
            ..*self
        };
        (0..=self.burst).take_while(|_| tried.take(now)).count()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_schedule_is_decided_as_by_the_definition(
        interval in 1..50_u64,
        burst in 1..9_u32,
        schedule in proptest::collection::vec((0..3_usize, prop_oneof![Just(0), 1..60_u64, 1..600_u64]), 1..80),
    ) {
        let (gcra, clock) = gcra(Pace::new(interval, burst).unwrap(), 96);
        let mut models = [(); 3].map(|()| Model {
            interval: interval.into(),
            burst: burst.into(),
            admitted: Vec::new(),
        });
        let mut now = 0;
        for (caller, pause) in schedule {
            clock.advance(Duration::from_nanos(pause));
            now += u128::from(pause);
            let model = &mut models[caller];
            let taken = gcra.take(hash(caller as u64));
            prop_assert_eq!(taken.is_ok(), model.take(now));
            let standing = taken.unwrap_or_else(|refused| refused);
            let remaining = model.remaining(now);
            prop_assert_eq!(standing.remaining as usize, remaining);
            prop_assert_eq!(model.remaining(now + u128::from(standing.more_in)), remaining + 1);
            prop_assert_eq!(model.remaining(now + u128::from(standing.more_in) - 1), remaining);
            prop_assert_eq!(model.remaining(now + u128::from(standing.whole_in)), burst as usize);
            prop_assert!(model.remaining(now + u128::from(standing.whole_in) - 1) < burst as usize);
        }
    }

    #[test]
    fn quotas_come_back_from_their_text(requests in 1..10_000_u32, window in 1..2_000_000_000_u64, unit in 0..4_usize, burst in 1..10_000_u32) {
        let unit = [1, 1_000_000, 1_000_000_000, 60_000_000_000][unit];
        let window = Duration::from_nanos(unit).saturating_mul(u32::try_from(window).unwrap());
        let quota = Quota::new(requests, window).burst(burst);
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
        let stamp = Stamp::new(Headers::Draft, &quota, pace).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "any debt will do")]
        for debt in used.iter().map(|part| (part * interval as f64 * f64::from(burst)) as u64 + 1) {
            let standing = pace.standing(debt);
            let mut headers = HeaderMap::new();
            stamp.write(&mut headers, standing);
            let expect = format!("\"default\";r={};t={}", standing.remaining, standing.more_in_seconds());
            prop_assert_eq!(headers["ratelimit"].to_str().unwrap(), expect);
        }
    }
}

#[test]
fn a_flood_of_fresh_keys_changes_nothing_for_others() {
    fn check(keys: usize, fresh: u64, requests: u32) {
        let (gcra, clock) = gcra(pace("100 per 15 minutes"), keys);
        let heavy = hash(u64::MAX);
        while gcra.take(heavy).is_ok() {}
        for caller in 0..fresh {
            for used in 1..=requests {
                let taken = gcra.take(hash(caller)).map(|standing| standing.remaining);
                assert_eq!(taken, Ok(100 - used), "newcomer {caller}");
            }
            if caller % 1000 == 0 {
                clock.advance(Duration::from_millis(1));
                assert!(gcra.take(heavy).is_err(), "forgotten after {caller}");
            }
        }
        assert_eq!(gcra.into_store().taken(), keys);
    }
    check(10_000, 1_000_000, 1);
    check(1_000, 20_000, 50);
}

#[test]
fn the_bound_is_exact_whatever_it_is() {
    for keys in [32, 33, 63, 100, 1001] {
        let (gcra, _) = gcra(pace("5 per minute"), keys);
        for caller in 0..100 * keys as u64 {
            assert!(gcra.take(hash(caller)).is_ok());
        }
        assert_eq!(gcra.into_store().taken(), keys);
    }
}

#[test]
fn a_full_set_gives_up_the_whole_first_and_then_the_least_used() {
    let (gcra, clock) = gcra(pace("10 per 10 seconds"), WAYS);
    assert!(gcra.take(0).is_ok());
    clock.advance(Duration::from_secs(2));
    // The first caller's quota is whole by now; these use one to five each.
    for caller in 1..WAYS as u64 {
        for _ in 0..=(caller % 5) {
            assert!(gcra.take(caller << 32).is_ok());
        }
    }
    let remaining = |caller: u64| gcra.take(caller << 32).unwrap().remaining;
    assert_eq!(remaining(1000), 9);
    // Nobody but the first has lost anything, so each has one less than before.
    for caller in 1..WAYS as u64 {
        assert_eq!(u64::from(remaining(caller)), 10 - (caller % 5) - 2, "{caller}");
    }
    // All are live now. The stranger has used one and is the first to go; those who have used more stay.
    assert_eq!(remaining(1001), 9);
    assert_eq!(remaining(4), 10 - 4 - 3);
    assert_eq!(remaining(1000), 9, "forgotten, so it begins anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_racing_for_the_last_exactly_the_quota_passes() {
    let (gcra, _) = gcra(pace("1000 per hour"), 32);
    let gcra = Arc::new(gcra);
    let start = Arc::new(tokio::sync::Barrier::new(8));
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let (gcra, start) = (Arc::clone(&gcra), Arc::clone(&start));
            tokio::spawn(async move {
                start.wait().await;
                (0..1000).filter(|_| gcra.take(7).is_ok()).count()
            })
        })
        .collect();
    let mut passed = 0;
    for racer in racers {
        passed += racer.await.unwrap();
    }
    assert_eq!(passed, 1000);
}
