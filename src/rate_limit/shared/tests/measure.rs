use super::super::super::policy::{Account, Pace};
use super::super::super::store::{Charge, Refund, Taken};
use super::super::local::{Local, share};
use super::super::measure::{Level, Measure};
use super::super::refused::Refused;
use super::{SECOND, charge, gcra, window};

#[test]
fn a_quota_that_microseconds_cannot_say_is_refused() {
    let check = |interval: u64, is_fine: bool| {
        let made = Measure::new("q".into(), gcra(10, interval));
        assert_eq!(made.is_ok(), is_fine, "{interval} ns: {made:?}");
        let rounded = made.map_or(0, |measure| measure.pace.interval());
        assert!(!is_fine || (interval..interval + 1_000).contains(&rounded), "{rounded}");
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

/// The bound under which doubles are exact, with the largest numbers that the scripts can meet.
#[test]
fn all_that_the_scripts_add_up_is_below_2_to_the_53() {
    let year = 365 * 24 * 3600 * 1_000_000_u64;
    let in_2254 = (2254 - 1970) * (year + year / 365 / 4);
    for pace in [
        gcra(1, year * 1_000),
        gcra(u32::MAX, 7_000_000),
        window(u32::MAX, year * 1_000),
    ] {
        let measure = Measure::new("q".into(), pace).unwrap();
        let [window, most, cost] = measure.args(u32::MAX);
        let debt = if window == 0 { most } else { window };
        assert!(in_2254 + debt < 1 << 53, "when it is whole: {measure:?}");
        assert!(most + cost < 1 << 53, "what would be used: {measure:?}");
    }
}

#[test]
fn a_share_is_a_part_and_never_nothing() {
    let check = |pace: Pace, processes: u32, should: Pace| assert_eq!(share(pace, processes), should);
    check(gcra(100, SECOND), 4, gcra(25, 4 * SECOND));
    check(gcra(10, SECOND), 4, gcra(2, 4 * SECOND));
    check(gcra(3, SECOND), 4, gcra(1, 4 * SECOND));
    check(gcra(3, SECOND), 1, gcra(3, SECOND));
    check(window(100, SECOND), 4, window(25, SECOND));
    check(window(3, SECOND), 4, window(1, SECOND));
}

#[test]
fn the_local_share_takes_from_all_quotas_or_from_none() {
    let local = Local::new([gcra(8, SECOND), window(4, 100 * SECOND)].into_iter(), 2, 100);
    let both = [charge("a", 0), charge("a", 1)];
    let remaining = |charges: &[Charge], now| match local.take(charges, now) {
        Taken::Admitted(standings) => Ok(standings.iter().map(|standing| standing.remaining).collect::<Vec<_>>()),
        Taken::Refused { by, .. } => Err(by),
    };
    let now = SECOND;
    local.give_back(&both.map(Refund::whole), now);
    assert_eq!(remaining(&both, now), Ok(vec![3, 1]));
    assert_eq!(remaining(&both, now), Ok(vec![2, 0]));
    assert_eq!(remaining(&both, now), Err(1));
    assert_eq!(
        remaining(&both[..1], now),
        Ok(vec![1]),
        "the refused one took nothing of the first quota"
    );
    local.give_back(&both.map(Refund::whole), now);
    assert_eq!(remaining(&both, now), Ok(vec![1, 0]));
    assert_eq!(remaining(&both, now + 100 * SECOND), Ok(vec![3, 1]), "a new window");
}

#[test]
fn a_full_table_forgets_first_what_lasts_shortest() {
    let table = Refused::new();
    // As many as one set holds, and one more; the number of sets is a power of two.
    let callers: Vec<_> = (0..9_u128)
        .map(|caller| Charge {
            caller: caller << 64,
            ..charge("", 0)
        })
        .collect();
    let account = |used: u64| Account {
        whole: used * SECOND,
        used: 0,
    };
    for (caller, used) in callers.iter().zip([50, 40, 3, 60, 70, 80, 90, 95, 96]) {
        table.note(caller, account(used), used * SECOND);
    }
    let known = callers.iter().filter(|caller| table.recall(caller, 0).is_some());
    assert_eq!(known.count(), 8);
    assert_eq!(table.recall(&callers[2], 0), None);
    assert_eq!(table.recall(&callers[0], 50 * SECOND - 1), Some(account(50)));
    assert_eq!(table.recall(&callers[0], 50 * SECOND), None);
    table.note(&callers[0], account(60), 60 * SECOND);
    assert_eq!(table.recall(&callers[0], 55 * SECOND), Some(account(60)));
    assert_eq!(table.recall(&Charge { quota: 1, ..callers[0] }, 0), None);
    table.forget(&callers[0]);
    assert_eq!(table.recall(&callers[0], 0), None);
}

#[test]
fn a_standing_is_that_of_the_pace() {
    let check = |pace: Pace, used, left, remaining, more_in| {
        let standing = Measure::new("q".into(), pace).unwrap().standing(Level { used, left });
        assert_eq!((standing.remaining, standing.more_in), (remaining, more_in));
    };
    check(gcra(5, 3 * SECOND), 0, 0, 5, 0);
    check(gcra(5, 3 * SECOND), 3_000_001, 3_000_001, 3, 1_000);
    check(gcra(5, 3 * SECOND), 15_000_000, 15_000_000, 0, 3 * SECOND);
    check(window(5, 30 * SECOND), 2, 7_000_000, 3, 7 * SECOND);
    check(window(5, 30 * SECOND), 0, 0, 5, 0);
}
