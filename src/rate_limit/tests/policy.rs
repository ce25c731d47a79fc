use std::time::Duration;

use super::{Counter, SECOND, pace};
use crate::rate_limit::policy::{Account, Standing, whole_seconds};

#[test]
fn standings_are_worked_out_from_what_is_used_up() {
    fn check(text: &str, debt: u64, remaining: u32, more_in: u64, whole_in: u64) {
        let expect = Standing {
            remaining,
            more_in,
            whole_in,
        };
        let account = Account { whole: debt, used: 0 };
        assert_eq!(pace(text).standing(account, 0), expect, "{text} after {debt}");
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
fn one_more_comes_when_it_was_announced() {
    let gcra = Counter::new(pace("3 per 10 seconds"), 32);
    for remaining in [2, 1, 0] {
        assert_eq!(gcra.take(1).unwrap().remaining, remaining);
    }
    let refused = gcra.take(1).unwrap_err();
    assert_eq!((refused.remaining, whole_seconds(refused.more_in)), (0, 4));
    gcra.advance(Duration::from_nanos(refused.more_in - 1));
    assert_eq!(gcra.take(1).unwrap_err().more_in, 1);
    gcra.advance(Duration::from_nanos(1));
    assert!(gcra.take(1).is_ok());
    assert!(gcra.take(1).is_err());
    gcra.advance(Duration::from_secs(3600));
    assert_eq!(gcra.take(1).unwrap().remaining, 2);
}

#[test]
fn a_fixed_window_begins_with_the_first_request() {
    let window = Counter::new(pace("3 per 10 seconds, fixed"), 32);
    window.advance(Duration::from_secs(7));
    for (pause, remaining, more_in) in [(0, 2, 10), (4, 1, 6), (5, 0, 1)] {
        window.advance(Duration::from_secs(pause));
        let expect = Standing {
            remaining,
            more_in: more_in * SECOND,
            whole_in: more_in * SECOND,
        };
        assert_eq!(window.take(1), Ok(expect));
    }
    assert_eq!(window.take(1).unwrap_err().more_in, SECOND);
    window.advance(Duration::from_nanos(SECOND - 1));
    assert!(window.take(1).is_err());
    window.advance(Duration::from_nanos(1));
    // The next one begins now, and not where the last has ended.
    window.advance(Duration::from_secs(5));
    let anew = window.take(1).unwrap();
    assert_eq!((anew.remaining, anew.more_in), (2, 10 * SECOND));
}

#[test]
fn a_heavy_request_waits_until_all_of_it_fits() {
    fn check(text: &str, used: u32, weight: u32, wait: u64) {
        let counter = Counter::new(pace(text), 32);
        if used > 0 {
            counter.weigh(1, used).unwrap();
        }
        counter.advance(Duration::from_millis(500));
        let refused = counter.weigh(1, weight).unwrap_err();
        assert_eq!(pace(text).wait(refused, weight), wait, "{text}: {used} and {weight}");
        counter.advance(Duration::from_nanos(wait - 1));
        assert_eq!(
            counter
                .weigh(1, weight)
                .map_err(|refused| pace(text).wait(refused, weight)),
            Err(1)
        );
        counter.advance(Duration::from_nanos(1));
        assert!(counter.weigh(1, weight).is_ok());
    }
    check("5 per 5 seconds", 5, 1, SECOND / 2);
    check("5 per 5 seconds", 5, 5, 4 * SECOND + SECOND / 2);
    check("5 per 5 seconds", 2, 4, SECOND / 2);
    check("5 per 5 seconds, fixed", 2, 4, 4 * SECOND + SECOND / 2);
    check("5 per 5 seconds, fixed", 5, 1, 4 * SECOND + SECOND / 2);
}

#[test]
fn what_is_given_back_is_as_if_never_taken() {
    for text in ["5 per 5 seconds", "5 per 5 seconds, fixed"] {
        let pace = pace(text);
        let one = pace.take(Account::default(), 1, 0).unwrap();
        let three = pace.take(one, 2, 0).unwrap();
        assert_eq!(pace.give_back(three, 2, three.whole, 0), one, "{text}");
        assert_eq!(
            pace.standing(pace.give_back(three, 2, three.whole, SECOND / 2), SECOND / 2)
                .remaining,
            4
        );
    }
}

#[test]
fn what_time_has_given_back_is_not_given_twice() {
    fn check(text: &str, anew: u64) {
        let pace = pace(text);
        let slow = pace.take(Account::default(), 1, 0).unwrap();
        let later = pace.take(slow, 5, anew).unwrap();
        assert_eq!(pace.give_back(later, 1, slow.whole, anew), later, "{text}");
    }
    check("5 per 5 seconds", SECOND);
    check("5 per 5 seconds, fixed", 5 * SECOND);
}
