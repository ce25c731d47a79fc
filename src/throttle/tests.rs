use std::sync::Arc;
use std::time::Duration;

use http::Request;
use proptest::prelude::*;

use super::gate::{Permits, Verdict, Waiting};
use super::layer::{ThrottleLayer, ThrottleLayerBuilder};
use crate::caller::{Key, MissingKey};
use crate::config_error::Fault;
use crate::request_view::RequestView;

#[test]
fn every_fault_is_listed() {
    fn check(builder: ThrottleLayerBuilder, expect: &[&str]) {
        let found = builder.build().map(|_| ()).unwrap_err();
        let found: Vec<_> = found.faults().iter().map(Fault::setting).collect();
        assert_eq!(found, expect);
    }
    let new = || ThrottleLayer::builder().max_concurrent(10);
    let key = Key::client_address;
    check(ThrottleLayer::builder(), &["max_concurrent"]);
    check(new().max_concurrent(0), &["max_concurrent"]);
    check(new().max_queued(1_000_001), &["max_queued"]);
    check(new().max_wait(Duration::ZERO), &["max_wait"]);
    check(new().retry_after(Duration::ZERO), &["retry_after"]);
    check(new().per_key(key(), 0), &["per_key"]);
    check(
        new().per_key(Key::header("no header").ipv6_prefix(8), 1),
        &["per_key", "per_key"],
    );
    check(new().max_queued_per_key(1), &["max_queued_per_key"]);
    check(new().on_missing_key(MissingKey::Refuse), &["on_missing_key"]);
    check(
        new().per_key(key(), 1_000_001).max_queued_per_key(1_000_001),
        &["per_key", "max_queued_per_key"],
    );
    assert!(
        new()
            .max_queued(0)
            .per_key(key(), 1)
            .max_queued_per_key(0)
            .build()
            .is_ok()
    );
    assert!(ThrottleLayer::new(1_000_000).is_ok());
}

#[derive(Debug, Clone)]
enum Step {
    /// A request of this caller.
    Arrive(u8),
    /// One of those that are served ends.
    End(prop::sample::Index),
    /// One of those that wait gives up.
    GiveUp(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..5).prop_map(Step::Arrive),
        3 => any::<prop::sample::Index>().prop_map(Step::End),
        1 => any::<prop::sample::Index>().prop_map(Step::GiveUp),
    ]
}

/// What the model says of a request, in the order in which they came.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Served,
    /// For a permit of its caller's, and then for one of all.
    WaitsForCaller,
    /// At this place.
    WaitsForAll(u64),
}

struct Model {
    concurrent: usize,
    queued: usize,
    per_key: usize,
    queued_per_key: usize,
    requests: Vec<(u32, u8, State)>,
    turn: u64,
}

impl Model {
    fn count(&self, state: impl Fn(u8, State) -> bool) -> usize {
        self.requests
            .iter()
            .filter(|(_, caller, now)| state(*caller, *now))
            .count()
    }

    fn holders(&self, caller: u8) -> usize {
        self.count(|own, state| own == caller && state != State::WaitsForCaller)
    }

    fn arrive(&mut self, id: u32, caller: u8) -> bool {
        let all = self.count(|own, _| own == caller);
        let waiting = self.count(|_, state| state != State::Served);
        self.turn += 1;
        let state = if all >= self.per_key + self.queued_per_key {
            return false;
        } else if self.holders(caller) >= self.per_key {
            State::WaitsForCaller
        } else if self.count(|_, state| state == State::Served) >= self.concurrent {
            State::WaitsForAll(self.turn)
        } else {
            State::Served
        };
        if state != State::Served && waiting >= self.queued {
            return false;
        }
        self.requests.push((id, caller, state));
        true
    }

    /// Each permit that is free goes to the first who waits for it.
    fn settle(&mut self) {
        loop {
            let served = self.count(|_, state| state == State::Served);
            let next = self
                .requests
                .iter()
                .enumerate()
                .filter_map(|(at, (.., state))| match state {
                    State::WaitsForAll(turn) => Some((*turn, at)),
                    _ => None,
                });
            if let Some((_, at)) = next.min().filter(|_| served < self.concurrent) {
                self.requests[at].2 = State::Served;
                continue;
            }
            let free = |caller| self.holders(caller) < self.per_key;
            let next = self
                .requests
                .iter()
                .position(|(_, caller, state)| *state == State::WaitsForCaller && free(*caller));
            let Some(at) = next else {
                return;
            };
            self.turn += 1;
            self.requests[at].2 = State::WaitsForAll(self.turn);
        }
    }

    fn served(&self) -> Vec<u32> {
        let served = self.requests.iter().filter(|(.., state)| *state == State::Served);
        let mut ids: Vec<_> = served.map(|(id, ..)| *id).collect();
        ids.sort_unstable();
        ids
    }
}

/// Hands on what has come free: whoever has got a permit has been woken.
fn poll(waiting: &mut Vec<(u32, Waiting)>, served: &mut Vec<(u32, Permits)>) {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        let mut still = Vec::new();
        let before = served.len();
        for (id, mut one) in waiting.drain(..) {
            match one.permits.as_mut().poll(&mut cx) {
                std::task::Poll::Ready(permits) => served.push((id, permits.unwrap())),
                std::task::Poll::Pending => still.push((id, one)),
            }
        }
        *waiting = still;
        if served.len() == before {
            return;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_gate_does_what_the_model_does(
        concurrent in 1_usize..5, queued in 0_usize..6, per_key in 1_usize..4, queued_per_key in 0_usize..4,
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let key = Key::from_fn(|request| request.headers().get("caller").cloned());
        let layer = ThrottleLayer::builder()
            .max_concurrent(concurrent)
            .max_queued(queued)
            .per_key(key, per_key)
            .max_queued_per_key(queued_per_key)
            .build()
            .unwrap();
        let gate = layer.gate();
        let mut model = Model { concurrent, queued, per_key, queued_per_key, requests: Vec::new(), turn: 0 };
        let (mut waiting, mut served) = (Vec::new(), Vec::new());
        for (id, step) in (0..).zip(steps) {
            match step {
                Step::Arrive(caller) => {
                    let request = Request::builder().header("caller", caller.to_string()).body(()).unwrap();
                    let admitted = match gate.judge(RequestView::of(&request)) {
                        Verdict::Serve(permits) => {
                            served.push((id, permits));
                            true
                        }
                        Verdict::Wait(one) => {
                            waiting.push((id, one));
                            true
                        }
                        Verdict::Refuse(problem) => {
                            prop_assert_eq!(problem.status(), 503);
                            false
                        }
                        Verdict::Exempt => unreachable!(),
                    };
                    prop_assert_eq!(admitted, model.arrive(id, caller), "{}", id);
                }
                Step::End(which) if !served.is_empty() => {
                    let (id, permits) = served.swap_remove(which.index(served.len()));
                    drop(permits);
                    model.requests.retain(|(own, ..)| *own != id);
                }
                Step::GiveUp(which) if !waiting.is_empty() => {
                    let (id, _) = waiting.remove(which.index(waiting.len()));
                    model.requests.retain(|(own, ..)| *own != id);
                }
                Step::End(_) | Step::GiveUp(_) => {}
            }
            poll(&mut waiting, &mut served);
            model.settle();
            let mut ids: Vec<_> = served.iter().map(|(id, _)| *id).collect();
            ids.sort_unstable();
            prop_assert_eq!(ids, model.served());
        }
        drop((waiting, served));
        prop_assert_eq!(gate.served.available_permits(), concurrent);
        prop_assert_eq!(gate.queue.available_permits(), queued);
        prop_assert_eq!(gate.keys.as_ref().unwrap().held(), 0);
    }
}

#[test]
fn a_hundred_thousand_fresh_callers_leave_nothing_behind() {
    let key = Key::from_fn(|request| request.headers().get("caller").cloned());
    let layer = ThrottleLayer::builder()
        .max_concurrent(10)
        .max_queued(0)
        .per_key(key, 2)
        .build()
        .unwrap();
    let gate = layer.gate();
    let mut held = std::collections::VecDeque::new();
    for caller in 0..100_000_u32 {
        let request = Request::builder()
            .header("caller", caller.to_string())
            .body(())
            .unwrap();
        if let Verdict::Serve(permits) = gate.judge(RequestView::of(&request)) {
            held.push_back(permits);
        }
        assert!(gate.keys.as_ref().unwrap().held() <= 10, "the refused take no place");
        if held.len() == 10 && caller % 3 == 0 {
            held.pop_front();
        }
    }
    drop(held);
    assert_eq!(gate.keys.as_ref().unwrap().held(), 0);
    assert_eq!(Arc::strong_count(&gate.served), 1);
}
