use proptest::prelude::*;

use super::super::super::policy::{Counting, Pace};
use super::super::super::store::{Charge, Taken};
use super::super::local::Local;
use super::super::rule::{Level, Rule};
use super::super::table::Table;
use super::{SECOND, charge, gcra, window};

fn rule(pace: Pace) -> Rule {
    Rule::new("q".into(), pace).unwrap()
}

#[test]
fn a_quota_that_microseconds_cannot_say_is_refused() {
    let check = |interval: u64, is_fine: bool| {
        let made = Rule::new("q".into(), gcra(10, interval));
        assert_eq!(made.is_ok(), is_fine, "{interval} ns: {made:?}");
    };
    check(1, false);
    check(989, false);
    check(991, true);
    check(1_000, true);
    check(1_001, false);
    check(50_000, true);
    check(98_001, false);
    check(99_999, true);
    check(333_333_333, true);
    check(365 * 24 * 3600 * SECOND / 10, true);
}

/// The bound under which doubles are exact, with the largest numbers that the script can meet.
#[test]
fn all_that_the_script_adds_up_is_below_2_to_the_53() {
    let year = 365 * 24 * 3600 * 1_000_000_u64;
    let in_2254 = (2254 - 1970) * (year + year / 365 / 4);
    for pace in [
        gcra(1, year * 1_000),
        gcra(u32::MAX, 7_000_000),
        window(u32::MAX, year * 1_000),
    ] {
        let rule = rule(pace);
        let debt = if rule.window == 0 { rule.most() } else { rule.window };
        assert!(in_2254 + debt < 1 << 53, "when it is whole: {rule:?}");
        assert!(
            rule.most() + rule.cost(u32::MAX) < 1 << 53,
            "what would be used: {rule:?}"
        );
    }
}

#[test]
fn a_standing_is_that_of_the_pace() {
    let pace = gcra(5, 3 * SECOND);
    let rule = rule(pace);
    for debt in [0, 1, 2_999_999, 3_000_000, 3_000_001, 14_999_999, 15_000_000] {
        let level = Level { used: debt, left: debt };
        assert_eq!(rule.admitted(level), pace.standing(debt * 1_000), "{debt}");
    }
}

#[test]
fn a_refusal_says_when_this_weight_would_pass() {
    let check = |pace, level: Level, weight, seconds: u64| {
        let rule = rule(pace);
        assert!(!rule.admits(level, weight));
        let standing = rule.refused(level, weight);
        assert_eq!(standing.more_in, seconds * SECOND, "{standing:?}");
        let later = rule.after(level, standing.more_in / 1_000);
        let just_before = rule.after(level, standing.more_in / 1_000 - 1);
        assert!(weight > 4 || rule.admits(later, weight), "then it is admitted");
        assert!(!rule.admits(just_before, weight), "and not before");
    };
    let used = |seconds: u64| Level {
        used: seconds * 1_000_000,
        left: seconds * 1_000_000,
    };
    check(gcra(4, 3 * SECOND), used(12), 1, 3);
    check(gcra(4, 3 * SECOND), used(10), 1, 1);
    check(gcra(4, 3 * SECOND), used(12), 4, 12);
    check(gcra(4, 3 * SECOND), used(1), 4, 1);
    // Heavier than the whole quota: it never is.
    check(gcra(4, 3 * SECOND), used(5), 9, 5);
    let level = Level {
        used: 4,
        left: 7_000_000,
    };
    check(window(4, 10 * SECOND), level, 1, 7);
}

#[test]
fn a_share_is_a_part_and_never_nothing() {
    let check = |pace: Pace, processes: u32, burst: u64, unit: u64| {
        let share = rule(pace).share(processes);
        assert_eq!(share.cost(1), unit);
        assert_eq!(share.most(), burst * unit);
    };
    check(gcra(100, SECOND), 4, 25, 4_000_000);
    check(gcra(10, SECOND), 4, 2, 4_000_000);
    check(gcra(3, SECOND), 4, 1, 4_000_000);
    check(window(100, SECOND), 4, 25, 1);
    check(window(3, SECOND), 4, 1, 1);
}

#[test]
fn the_local_share_takes_from_all_quotas_or_from_none() {
    let rules = [rule(gcra(8, SECOND)), rule(window(4, 100 * SECOND))];
    let local = Local::new(&rules, 2, 100);
    let both = [charge("a", 0), charge("a", 1)];
    let remaining = |charges: &[Charge], now| match local.take(charges, now).unwrap() {
        Taken::Admitted(standings) => Ok(standings.iter().map(|standing| standing.remaining).collect::<Vec<_>>()),
        Taken::Refused { by, .. } => Err(by),
    };
    assert_eq!(remaining(&both, 0), Ok(vec![3, 1]));
    assert_eq!(remaining(&both, 0), Ok(vec![2, 0]));
    assert_eq!(remaining(&both, 0), Err(1));
    assert_eq!(
        remaining(&both[..1], 0),
        Ok(vec![1]),
        "the refused one took nothing of the first quota"
    );
    local.give_back(&both, 0);
    assert_eq!(remaining(&both, 0), Ok(vec![1, 0]));
    assert_eq!(remaining(&both, 100_000_000), Ok(vec![3, 1]), "a new window");
    assert!(local.take(&[charge("a", 2)], 0).is_none());
}

#[test]
fn a_full_table_forgets_first_what_lasts_shortest() {
    let table = Table::new(8);
    let rule = rule(gcra(100, SECOND));
    let callers: Vec<_> = (0..9).map(|caller| charge(&caller.to_string(), 0)).collect();
    for (caller, used) in callers.iter().zip([50, 40, 3, 60, 70, 80, 90, 95, 96]) {
        let left = used * 1_000_000;
        table.put(caller, Level { used: left, left }, 0, left);
    }
    let known = callers
        .iter()
        .filter(|caller| table.level(caller, &rule, 0) != Level::WHOLE);
    assert_eq!(known.count(), 8);
    assert_eq!(table.level(&callers[2], &rule, 0), Level::WHOLE);
    assert_eq!(table.level(&callers[0], &rule, 49_999_999).used, 1);
    assert_eq!(table.level(&callers[0], &rule, 50_000_000), Level::WHOLE);
}

fn paces() -> impl Strategy<Value = Pace> {
    let interval = 1..5_000_u64;
    prop_oneof![
        (1..6_u32, interval.clone()).prop_map(|(burst, interval)| gcra(burst, interval * 1_000)),
        (1..6_u32, interval).prop_map(|(requests, length)| window(requests, length * 1_000)),
    ]
}

proptest! {
    /// Against a list of all that was admitted: in a window no more than its quota, and by GCRA in no stretch of time more than the burst
    /// and one each interval. And nobody is refused who could have been admitted.
    #[test]
    fn a_rule_admits_what_the_quota_says_and_no_less(
        pace in paces(),
        steps in prop::collection::vec((0..3_000_u64, 1..4_u32), 1..60),
    ) {
        let rule = rule(pace);
        let (interval, burst) = (pace.interval() / 1_000, u64::from(pace.burst()));
        let fits = |admitted: &[(u64, u64)], now: u64, weight: u64| match pace.counting() {
            Counting::Gcra => (0..=admitted.len()).all(|from| {
                let taken: u64 = admitted[from..].iter().map(|(_, weight)| weight).sum();
                let began = admitted.get(from).map_or(now, |(at, _)| *at);
                (taken + weight) * interval <= burst * interval + (now - began)
            }),
            Counting::FixedWindow => {
                let mut window: Option<(u64, u64)> = None;
                for (at, weight) in admitted {
                    window = match window {
                        Some((began, taken)) if at - began < pace.window() / 1_000 => Some((began, taken + weight)),
                        _ => Some((*at, *weight)),
                    };
                }
                let taken = window.filter(|(began, _)| now - began < pace.window() / 1_000);
                taken.map_or(0, |(_, taken)| taken) + weight <= burst
            }
        };
        let (mut now, mut level, mut admitted) = (0, Level::WHOLE, Vec::new());
        for (wait, weight) in steps {
            now += wait;
            level = rule.after(level, wait);
            let taken = rule.take(level, weight);
            prop_assert_eq!(taken.is_ok(), fits(&admitted, now, weight.into()), "{:?} {:?}", rule, level);
            if let Ok(after) = taken {
                level = after;
                admitted.push((now, u64::from(weight)));
            }
        }
    }
}
