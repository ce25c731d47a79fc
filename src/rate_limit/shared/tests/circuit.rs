use proptest::prelude::*;

use super::super::circuit::{Attempt, Change, Circuit, FAILURES, FIRST_PAUSE, LONGEST_PAUSE, SILENCE};

#[test]
fn five_failures_in_a_row_open_it_and_one_probe_closes_it() {
    let mut circuit = Circuit::default();
    for _ in 1..FAILURES {
        assert_eq!(circuit.attempt(0), Some(Attempt::Usual));
        assert_eq!(circuit.failed(Attempt::Usual, 0), None);
    }
    assert_eq!(circuit.failed(Attempt::Usual, 1), Some(Change::Opened));
    assert_eq!(circuit.attempt(1), None);
    assert_eq!(circuit.attempt(FIRST_PAUSE), None);
    assert_eq!(circuit.attempt(FIRST_PAUSE + 1), Some(Attempt::Probe));
    assert_eq!(circuit.attempt(FIRST_PAUSE + 1), None, "one probe a pause");
    // What was asked before says nothing about now.
    assert_eq!(circuit.answered(Attempt::Usual, FIRST_PAUSE + 2), None);
    assert_eq!(circuit.failed(Attempt::Usual, FIRST_PAUSE + 2), None);
    assert_eq!(circuit.attempt(FIRST_PAUSE + 2), None);
    let closed = circuit.answered(Attempt::Probe, FIRST_PAUSE + 3);
    assert_eq!(closed, Some(Change::Closed(FIRST_PAUSE + 2)));
    assert_eq!(circuit.attempt(FIRST_PAUSE + 3), Some(Attempt::Usual));
    assert!(circuit.is_calm());
}

#[test]
fn a_probe_that_nobody_hears_of_again_is_followed_by_another() {
    let mut circuit = open();
    assert_eq!(circuit.attempt(FIRST_PAUSE), Some(Attempt::Probe));
    assert_eq!(circuit.attempt(2 * FIRST_PAUSE - 1), None);
    assert_eq!(circuit.attempt(2 * FIRST_PAUSE), Some(Attempt::Probe));
}

#[test]
fn pauses_double_up_to_the_longest() {
    let mut circuit = open();
    let (mut now, mut pause) = (0, FIRST_PAUSE);
    for _ in 0..12 {
        assert_eq!(circuit.attempt(now + pause - 1), None);
        now += pause;
        assert_eq!(circuit.attempt(now), Some(Attempt::Probe));
        circuit.failed(Attempt::Probe, now);
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
    assert_eq!(pause, LONGEST_PAUSE);
}

/// A server that answers a lone probe and then drowns in what follows it.
#[test]
fn one_that_opens_again_soon_goes_on_with_the_pauses_of_the_last() {
    let mut circuit = open();
    let (mut now, mut pause) = (0, FIRST_PAUSE);
    for _ in 0..12 {
        assert_eq!(circuit.attempt(now + pause - 1), None, "at {now}, after {pause}");
        now += pause;
        assert_eq!(circuit.attempt(now), Some(Attempt::Probe));
        assert!(matches!(circuit.answered(Attempt::Probe, now), Some(Change::Closed(_))));
        for _ in 0..FAILURES {
            circuit.failed(Attempt::Usual, now);
        }
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
    now += pause;
    circuit.attempt(now);
    circuit.answered(Attempt::Probe, now);
    // Well for long enough.
    now += 2 * LONGEST_PAUSE;
    for _ in 0..FAILURES {
        circuit.failed(Attempt::Usual, now);
    }
    assert_eq!(circuit.attempt(now + FIRST_PAUSE), Some(Attempt::Probe));
}

#[test]
fn failures_that_never_open_it_are_told_once_a_minute() {
    let mut circuit = Circuit::default();
    let mut stumble = |now| {
        circuit.failed(Attempt::Usual, now);
        circuit.answered(Attempt::Usual, now)
    };
    assert_eq!(stumble(1), Some(Change::Stumbled(1)));
    assert_eq!(stumble(2), None);
    assert_eq!(stumble(SILENCE), None);
    assert_eq!(stumble(SILENCE + 1), Some(Change::Stumbled(3)));
}

fn open() -> Circuit {
    let mut circuit = Circuit::default();
    for _ in 0..FAILURES {
        circuit.failed(Attempt::Usual, 0);
    }
    circuit
}

/// What happens to a question after so much time: an answer, a failure, or nothing.
fn schedule() -> impl Strategy<Value = Vec<(u64, Option<bool>)>> {
    let waits = prop_oneof![0..1_000_u64, 0..FIRST_PAUSE * 2, 0..LONGEST_PAUSE * 2];
    let fates = prop_oneof![1 => Just(Some(true)), 3 => Just(Some(false)), 1 => Just(None)];
    prop::collection::vec((waits, fates), 1..200)
}

proptest! {
    #[test]
    fn it_opens_and_closes_in_turn_and_asks_a_dead_server_once_a_pause(schedule in schedule()) {
        let mut circuit = Circuit::default();
        let (mut now, mut row, mut is_open, mut probed, mut opened) = (0, 0, false, None::<u64>, 0);
        for (wait, fate) in schedule {
            now += wait;
            let attempt = circuit.attempt(now);
            prop_assert_eq!(attempt == Some(Attempt::Usual), !is_open);
            let Some(attempt) = attempt else {
                let last = probed.unwrap_or(opened);
                prop_assert!(now - last < LONGEST_PAUSE, "nobody has asked for {}", now - last);
                continue;
            };
            if attempt == Attempt::Probe {
                let last = probed.replace(now).unwrap_or(opened);
                prop_assert!(now - last >= FIRST_PAUSE);
            }
            let change = match fate {
                Some(true) => circuit.answered(attempt, now),
                Some(false) => circuit.failed(attempt, now),
                None => continue,
            };
            row = if fate == Some(true) { 0 } else { row + 1 };
            match change {
                Some(Change::Opened) => {
                    prop_assert!(!is_open && row == FAILURES);
                    (is_open, opened, probed) = (true, now, None);
                }
                Some(Change::Closed(lasted)) => {
                    prop_assert!(is_open && attempt == Attempt::Probe);
                    prop_assert_eq!(lasted, now - opened);
                    is_open = false;
                }
                Some(Change::Stumbled(_)) => prop_assert!(!is_open && fate == Some(true)),
                None => prop_assert!(is_open || row < FAILURES),
            }
            prop_assert_eq!(circuit.is_calm(), !is_open && row == 0);
        }
    }
}
