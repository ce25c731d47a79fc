use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderValue};

use super::{SECOND, pace, quota};
use crate::rate_limit::headers::{Headers, Stamp, reset};
use crate::rate_limit::policy::{Account, Pace, Standing};
use crate::rate_limit::quota::Quota;
use crate::rate_limit::refusals::Refusals;

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
    let standing = standing(pace("1/s"), SECOND);
    assert_eq!(reset(standing, before), 1);
}

#[test]
fn a_kept_refusal_is_never_that_of_another_wait() {
    let refusals = Refusals::new("default");
    for seconds in [1, 65, 1, 129, 64, 128, 86_400, 64] {
        let problem = refusals.problem(seconds);
        assert_eq!(problem.headers()["retry-after"], seconds.to_string().as_str());
        assert_eq!(problem.members()["retry_after"], seconds);
        assert!(problem.detail().unwrap().ends_with(&format!(" {seconds} s")));
        assert!(problem.request_id().is_none());
    }
}

/// After `debt` of a GCRA, or two requests of a window that has so long to go.
fn standing(pace: Pace, debt: u64) -> Standing {
    pace.standing(Account { whole: debt, used: 2 }, 0)
}

/// What is written for `debt`, onto what an inner layer has written.
fn written(headers: Headers, quota: &Quota, debt: u64, mut onto: HeaderMap) -> Vec<String> {
    let pace = quota.pace().unwrap();
    let stamp = Stamp::new(headers, quota, pace);
    stamp.write(&mut onto, standing(pace, debt));
    // The second time from what is kept.
    let mut again = HeaderMap::new();
    stamp.write(&mut again, standing(pace, debt));
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
    check(
        Headers::Draft6,
        &quota("100 per 15 minutes"),
        19 * SECOND,
        &[
            "ratelimit-policy: 100;w=900",
            "ratelimit-limit: 100",
            "ratelimit-remaining: 97",
            "ratelimit-reset: 1",
        ],
    );
    check(
        Headers::Draft6,
        &quota("3 per 500 ms, fixed"),
        SECOND / 4,
        &[
            "ratelimit-policy: 3",
            "ratelimit-limit: 3",
            "ratelimit-remaining: 1",
            "ratelimit-reset: 1",
        ],
    );
    check(
        Headers::Draft,
        &quota("100 per 15 minutes, fixed"),
        450 * SECOND,
        &[
            "ratelimit-policy: \"default\";q=100;w=900",
            "ratelimit: \"default\";r=98;t=450",
        ],
    );
    check(Headers::None, &quota("1/s"), SECOND, &[]);
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
