use std::time::Duration;

use super::{SECOND, quota};
use crate::caller::Key;
use crate::config_error::Fault;
use crate::rate_limit::memory::WAYS;
use crate::rate_limit::{Beyond, Limit, Quota, RateLimitLayer, RateLimitLayerBuilder};

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
    let fixed = |text: &str| text.parse::<Quota>();
    assert_eq!(
        fixed("100 per 15 minutes, fixed"),
        Ok(Quota::new(100, seconds(900)).fixed_window())
    );
    assert_eq!(fixed("5/s,FIXED"), Ok(Quota::new(5, seconds(1)).fixed_window()));
    assert_eq!(fixed("5/s, burst 5, fixed"), fixed("5/s, fixed"));
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
    check("5 per second, burst 2, fixed", "has no burst");
    check("5 per second, fixed window", "write one like");
    check("5 per second,", "write one like");
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
        "100 per 15 minutes, fixed",
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
        .beyond(Beyond::Delay {
            step: Duration::ZERO,
            max: Duration::ZERO,
        })
        .key(Key::header("x api key").ipv6_prefix(0))
        .max_keys(WAYS - 1)
        .build()
        .unwrap_err();
    let settings: Vec<_> = error.faults().iter().map(Fault::setting).collect();
    assert_eq!(
        settings,
        ["max_keys", "key", "key", "beyond", "quota", "quota", "quota", "quota"],
        "{error}"
    );
}

#[test]
fn each_setting_has_its_fault() {
    fn check(build: impl FnOnce(RateLimitLayerBuilder) -> RateLimitLayerBuilder, expect: &str) {
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
    check(
        |builder| builder.quota(quota("1/s")).quota(quota("1/h")),
        "bear the name `default`",
    );
    check(
        |builder| {
            (0..9).fold(builder, |builder, place| {
                builder.quota(quota("1/s").name(format!("q{place}")))
            })
        },
        "at most 8 quotas",
    );
    let own = |key| Limit::new(quota("1/s")).key(key);
    check(
        |builder| builder.limit(own(Key::header("x api"))),
        "not a header's name",
    );
    check(|builder| builder.limit(own(Key::credentials("Api Key"))), "no scheme");
    check(|builder| builder.limit(own(Key::route())), "tells no callers apart");
    check(
        |builder| builder.limit(own(Key::client_address().and(Key::route()).ipv6_prefix(8))),
        "32 to 128 bits",
    );
    let delay = |step, max| {
        let [step, max] = [step, max].map(Duration::from_nanos);
        move |builder: RateLimitLayerBuilder| builder.quota(quota("1/s")).beyond(Beyond::Delay { step, max })
    };
    check(delay(2, 1), "must not be below its step");
    check(delay(SECOND, 3601 * SECOND), "must not exceed an hour");
    check(delay(1, 3600 * SECOND), "steps of the delay are too small");
    check(delay(1, u64::from(u32::MAX)), "steps of the delay are too small");
    // 3 600 000 of them, a year each.
    check(
        |builder| {
            builder.quota(quota("1 per 365 days")).beyond(Beyond::Delay {
                step: Duration::from_millis(1),
                max: Duration::from_secs(3600),
            })
        },
        "more than 365 days to come back",
    );
    check(
        |builder| builder.quota(quota("1/s")).key(Key::client_address().ipv6_prefix(129)),
        "32 to 128 bits",
    );
    assert!(RateLimitLayer::per_address(Quota::new(1, Duration::MAX)).is_err());
}
