use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;

use super::builder::LockoutBuilder;
use super::error::Reason;
use super::failures::Failures;
use super::handle::Lockout;
use super::memory::MemoryStore;
use super::policy::{Question, Settlement, Subject, Verdict};
use super::record::{Charge, Rule};
use crate::config_error::Fault;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn every_fault_is_listed() {
    fn check(builder: LockoutBuilder, expect: &[&str]) {
        let found = builder.build().map(|_| ()).unwrap_err();
        let found: Vec<_> = found.faults().iter().map(Fault::setting).collect();
        assert_eq!(found, expect);
    }
    let new = Lockout::builder;
    let fine = Failures::new(5, HOUR);
    check(new().pair(Failures::new(0, HOUR)), &["pair"]);
    check(new().pair(Failures::new(1_000_001, Duration::ZERO)), &["pair", "pair"]);
    check(new().address(Failures::new(5, 366 * 24 * HOUR)), &["address"]);
    check(new().pair(fine.clone().delays(Duration::ZERO, 2, HOUR)), &["pair"]);
    check(new().pair(fine.clone().delays(HOUR, 2, SECOND)), &["pair"]);
    check(new().pair(fine.clone().delays(SECOND, 0, HOUR)), &["pair"]);
    check(
        new().pair(fine.clone().delays(SECOND, 11, 25 * HOUR)),
        &["pair", "pair"],
    );
    check(new().pair(fine.clone().captcha_after(5)), &["pair"]);
    check(new().pair(fine.clone().captcha_after(1).captcha_instead()), &["pair"]);
    check(new().account(Failures::new(5, HOUR + SECOND)), &["account"]);
    check(new().account(fine.clone().delays(SECOND, 2, 2 * HOUR)), &["account"]);
    check(new().pair(None).address(None).account(None), &["pair"]);
    check(
        new()
            .known_for(366 * 24 * HOUR)
            .ipv6_prefix(31)
            .max_keys(31)
            .store_deadline(Duration::ZERO),
        &["known_for", "ipv6_prefix", "max_keys", "store_deadline"],
    );
    for good in [
        new(),
        new().account(fine.clone()),
        new().account(Failures::new(5, 365 * 24 * HOUR).captcha_instead()),
        new().account(Failures::new(5, 24 * HOUR).delays(SECOND, 10, HOUR).captcha_after(0)),
        new().pair(fine).address(None).account(None).known_for(Duration::ZERO),
    ] {
        assert!(good.build().is_ok());
    }
}

/// What is counted, as a log from which everything is worked out again at each question.
#[derive(Default)]
struct Model {
    failures: HashMap<(Subject, u8, u8), Vec<u64>>,
    known: HashMap<(u8, u8), u64>,
}

const KNOWN_FOR: u64 = 4000;

/// Failures that count, and until when there may be no other.
fn replay(rule: &Rule, log: &[u64], now: u64) -> (usize, u64) {
    let mut delays = Vec::new();
    if let Some(delay) = rule.delay {
        let mut next = delay.first;
        while delays.len() <= log.len() {
            delays.push(next.min(delay.longest));
            next = delays[delays.len() - 1] * u64::from(delay.factor);
        }
    }
    let (mut window, mut blocked) = (Vec::new(), 0);
    for (time, is_failure) in log.iter().map(|time| (*time, true)).chain([(now, false)]) {
        let over = window.first().is_some_and(|first| {
            let since = if rule.delay.is_some() {
                blocked.max(*first)
            } else {
                *first
            };
            since + rule.within <= time
        });
        if over {
            window.clear();
            blocked = 0;
        }
        if is_failure {
            window.push(time);
            if let Some(beyond) = window.len().checked_sub(usize::try_from(rule.max).unwrap()) {
                let until = delays.get(beyond).map_or(window[0] + rule.within, |delay| time + delay);
                blocked = blocked.max(until);
            }
        }
    }
    (window.len(), blocked)
}

fn keys(account: u8, address: u8) -> [(Subject, u8, u8); 3] {
    [
        (Subject::Pair, account, address),
        (Subject::Address, 0, address),
        (Subject::Account, account, 0),
    ]
}

#[derive(Debug, PartialEq)]
enum Answer {
    Begun,
    Locked(u64),
    Captcha,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Outcome {
    Failed,
    Succeeded,
    Withdrawn,
}

#[derive(Debug, Clone)]
struct Step {
    wait: u64,
    account: u8,
    address: u8,
    solved: bool,
    outcome: Outcome,
}

impl Model {
    fn attempt(&mut self, rules: &[Option<Rule>; 3], step: &Step, now: u64) -> Answer {
        let pair = (step.account, step.address);
        let known = self.known.get(&pair).is_some_and(|until| *until > now);
        let (mut wait, mut captcha) = (0, false);
        for (key, rule) in keys(step.account, step.address).into_iter().zip(rules) {
            let Some(rule) = rule.filter(|_| !known || key.0 != Subject::Account) else {
                continue;
            };
            let log = self.failures.entry(key).or_default();
            let (failures, blocked) = replay(&rule, log, now);
            wait = wait.max(blocked.saturating_sub(now));
            captcha |= failures >= usize::try_from(rule.captcha).unwrap();
        }
        if wait > 0 {
            return Answer::Locked(wait);
        }
        if captcha && !step.solved {
            return Answer::Captcha;
        }
        match step.outcome {
            Outcome::Failed => {
                for key in keys(step.account, step.address) {
                    self.failures.entry(key).or_default().push(now);
                }
            }
            Outcome::Succeeded => {
                let [of_pair, _, of_account] = keys(step.account, step.address);
                self.failures.remove(&of_pair);
                self.failures.remove(&of_account);
                self.known.insert(pair, now + KNOWN_FOR);
            }
            Outcome::Withdrawn => {}
        }
        Answer::Begun
    }
}

fn number((subject, account, address): (Subject, u8, u8)) -> u128 {
    1 + (subject as u128) * 10_000 + u128::from(account) * 100 + u128::from(address)
}

fn question(rules: [Option<Rule>; 3], step: &Step) -> Question {
    Question {
        keys: keys(step.account, step.address).map(number),
        rules,
        solved: step.solved,
    }
}

fn settlement(question: &Question, charges: [Charge; 3], outcome: Outcome) -> Settlement {
    Settlement {
        keys: question.keys,
        rules: question.rules,
        charges,
        succeeded: (outcome == Outcome::Succeeded).then_some(KNOWN_FOR),
    }
}

fn answer(verdict: Verdict) -> (Answer, [Charge; 3]) {
    match verdict {
        Verdict::Begun { charges, .. } => (Answer::Begun, charges),
        Verdict::Locked { wait, .. } => (Answer::Locked(wait), [Charge::default(); 3]),
        Verdict::Captcha { .. } => (Answer::Captcha, [Charge::default(); 3]),
    }
}

fn rule() -> impl Strategy<Value = Option<Rule>> {
    let failures = (1_u32..6, 1_u64..5).prop_map(|(max, seconds)| Failures::new(max, Duration::from_secs(seconds)));
    let rule = (failures, 0_u8..4, 1_u64..1500, 1_u32..4, 1_u64..5000, 0_u32..6).prop_map(
        |(failures, kind, first, factor, longest, captcha)| {
            let (first, longest) = (Duration::from_millis(first), Duration::from_millis(longest.max(first)));
            let settled = match kind {
                0 => failures,
                1 => failures.captcha_instead(),
                2 => failures.delays(first, factor, longest),
                _ => failures.delays(first, factor, longest).captcha_after(captcha),
            };
            settled.rule()
        },
    );
    // A CAPTCHA that would come after the lock is refused.
    let rule = rule.prop_filter_map("a fault", Result::ok);
    prop_oneof![1 => Just(None), 5 => rule.prop_map(Some)]
}

fn step() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![3 => Just(0), 3 => 1_u64..300, 2 => 300_u64..3000, 1 => 3000_u64..9000];
    let outcome = prop_oneof![
        6 => Just(Outcome::Failed),
        1 => Just(Outcome::Succeeded),
        1 => Just(Outcome::Withdrawn),
    ];
    (wait, 0_u8..3, 0_u8..3, any::<bool>(), outcome).prop_map(|(wait, account, address, solved, outcome)| Step {
        wait,
        account,
        address,
        solved,
        outcome,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_memory_does_what_the_model_does(
        rules in [rule(), rule(), rule()], steps in prop::collection::vec(step(), 1..80)
    ) {
        let (store, mut model, mut now) = (MemoryStore::new(1000), Model::default(), 0);
        for step in steps {
            now += step.wait;
            let question = question(rules, &step);
            let (given, charges) = answer(store.begin(&question, now));
            prop_assert_eq!(&given, &model.attempt(&rules, &step, now), "{:?} at {}", step, now);
            if given == Answer::Begun && step.outcome != Outcome::Failed {
                store.settle(&settlement(&question, charges, step.outcome), now);
            }
        }
    }

    /// However many are under way at once and in whatever order they end.
    #[test]
    fn what_is_withdrawn_leaves_nothing_behind(
        rules in [rule(), rule(), rule()], begins in prop::collection::vec(step(), 1..20), order in any::<prop::sample::Index>()
    ) {
        let (store, mut open, mut now) = (MemoryStore::new(1000), Vec::new(), 0);
        for step in &begins {
            now += step.wait;
            let question = question(rules, step);
            if let (Answer::Begun, charges) = answer(store.begin(&question, now)) {
                open.push((question, charges));
            }
            // Nothing may lapse meanwhile, or there would be nothing to give back.
            if now > 500 {
                break;
            }
        }
        while !open.is_empty() {
            let (question, charges) = open.remove(order.index(open.len()));
            store.settle(&settlement(&question, charges, Outcome::Withdrawn), now);
        }
        prop_assert_eq!(store.held(), [0, 0, 0]);
    }

    /// As many as the window allows, whoever of those under way succeeds meanwhile.
    #[test]
    fn no_more_fail_than_may(max in 1_u32..8, steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..60)) {
        let rule = Failures::new(max, HOUR).rule().unwrap();
        let rules = [None, Some(rule), None];
        let (store, mut open, mut failed) = (MemoryStore::new(1000), Vec::new(), 0);
        for (account, (begin, which)) in (0_u8..).zip(steps) {
            let step = Step { wait: 0, account, address: 0, solved: false, outcome: Outcome::Failed };
            if begin || open.is_empty() {
                let question = question(rules, &step);
                let (given, charges) = answer(store.begin(&question, 0));
                let full = open.len() + failed == usize::try_from(max).unwrap();
                prop_assert_eq!(given == Answer::Begun, !full);
                if !full {
                    open.push((question, charges));
                }
            } else {
                let (question, charges) = open.remove(which.index(open.len()));
                if account % 2 == 0 {
                    failed += 1;
                } else {
                    store.settle(&settlement(&question, charges, Outcome::Succeeded), 0);
                }
            }
        }
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn fresh_subjects_crowd_out_neither_a_lock_nor_a_count() {
    let store = MemoryStore::new(100_000);
    let rule = |failures: Failures| Some(failures.rule().unwrap());
    let rules = [
        rule(Failures::new(5, HOUR)),
        rule(Failures::new(100, 24 * HOUR)),
        rule(Failures::new(100, HOUR)),
    ];
    let ask = |keys: [u128; 3], now| {
        store.begin(
            &Question {
                keys,
                rules,
                solved: false,
            },
            now,
        )
    };
    for _ in 0..5 {
        assert!(matches!(ask([1, 2, 3], 0), Verdict::Begun { .. }));
    }
    for fresh in 0..250_000_u128 {
        let keys = [1, 2, 3].map(|kind| 4 + fresh * 4 + kind);
        assert!(matches!(ask(keys, 1000), Verdict::Begun { .. }));
    }
    assert_eq!(store.held(), [100_000; 3]);
    let own = ask([1, 2, 3], 2000);
    assert!(
        matches!(
            own,
            Verdict::Locked {
                subject: Subject::Pair,
                ..
            }
        ),
        "{own:?}"
    );
    // The counts of the address and the account have stayed as well: 5 of 100.
    let other = ask([9, 2, 3], 2000);
    let Verdict::Begun { charges, .. } = other else {
        panic!("{other:?}");
    };
    assert_eq!(charges.map(|charge| charge.failures), [1, 6, 6]);
}

#[tokio::test(start_paused = true)]
async fn delays_double_and_a_success_ends_them() {
    let minute = 60 * SECOND;
    let lockout = Lockout::builder()
        .pair(Failures::new(3, 10 * minute).delays(minute, 2, 5 * minute))
        .build()
        .unwrap();
    let here = address("192.0.2.1");
    let locked = async || match lockout.begin("ada", here).await.unwrap_err().reason() {
        Reason::Locked { subject, retry_after } => (*subject, *retry_after),
        other => panic!("{other:?}"),
    };
    for _ in 0..2 {
        let failed = lockout.begin("ada", here).await.unwrap().failed();
        assert_eq!(failed.retry_after, None);
    }
    for delay in [1, 2, 4, 5, 5] {
        let failed = lockout.begin("ada", here).await.unwrap().failed();
        assert_eq!(failed.retry_after, Some(delay * minute));
        assert_eq!(locked().await, (Subject::Pair, delay * minute));
        let almost = (delay * minute).saturating_sub(Duration::from_millis(1));
        tokio::time::advance(almost).await;
        assert_eq!(locked().await, (Subject::Pair, Duration::from_millis(1)));
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    // Other accounts, and other addresses, are others.
    assert_eq!(lockout.begin("bob", here).await.unwrap().failed().retry_after, None);
    let there = lockout.begin("ada", address("192.0.2.2")).await.unwrap();
    assert_eq!(there.failed().retry_after, None);

    lockout.begin("ada", here).await.unwrap().succeeded().await;
    for expect in [None, None, Some(minute)] {
        assert_eq!(lockout.begin("ada", here).await.unwrap().failed().retry_after, expect);
    }
    // Quiet for as long as failures are remembered after the end of the delay.
    tokio::time::advance(11 * minute).await;
    assert_eq!(lockout.begin("ada", here).await.unwrap().failed().retry_after, None);
}

#[tokio::test(start_paused = true)]
async fn a_success_does_not_wash_an_address() {
    let lockout = Lockout::builder().address(Failures::new(3, HOUR)).build().unwrap();
    let here = address("2001:db8::1");
    for account in ["ada", "bob"] {
        lockout.begin(account, here).await.unwrap().failed();
        lockout.begin("mine", here).await.unwrap().succeeded().await;
        lockout.begin("mine", here).await.unwrap().withdraw().await;
    }
    // The rest of an IPv6 address is the subscriber's to choose.
    drop(lockout.begin("eve", address("2001:db8::2")).await.unwrap());
    for account in ["mine", "never seen"] {
        let refusal = lockout.begin(account, address("2001:db8::3")).await.unwrap_err();
        assert!(matches!(
            refusal.reason(),
            Reason::Locked {
                subject: Subject::Address,
                ..
            }
        ));
    }
    assert!(lockout.begin("ada", address("2001:db8:0:1::1")).await.is_ok());
    tokio::time::advance(HOUR).await;
    assert!(lockout.begin("ada", here).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn strangers_do_not_keep_the_owner_out() {
    let account = Failures::new(10, HOUR).delays(HOUR / 4, 2, HOUR / 4);
    let lockout = Lockout::builder().account(account).build().unwrap();
    let home = address("198.51.100.7");
    lockout.begin("ada", home).await.unwrap().succeeded().await;
    let strangers = async || {
        let mut passed = 0;
        for last in 1..=100 {
            let stranger = lockout.begin("ada", address(&format!("203.0.113.{last}"))).await;
            passed += usize::from(stranger.is_ok());
        }
        passed
    };
    assert_eq!(strangers().await, 10);
    // From a new address the owner waits for at most the longest delay; from home not at all, but the pair is counted.
    let refusal = lockout.begin("ada", address("192.0.2.1")).await.unwrap_err();
    assert_eq!(refusal.problem().headers()["retry-after"], "900");
    for _ in 0..5 {
        drop(lockout.begin("ada", home).await.unwrap());
    }
    let refusal = lockout.begin("ada", home).await.unwrap_err();
    assert!(matches!(
        refusal.reason(),
        Reason::Locked {
            subject: Subject::Pair,
            ..
        }
    ));
    tokio::time::advance(HOUR / 4).await;
    assert_eq!(strangers().await, 1, "one a delay");
    lockout.begin("ada", home).await.unwrap().succeeded().await;
    lockout
        .begin("ada", address("192.0.2.1"))
        .await
        .unwrap()
        .succeeded()
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_captcha_is_demanded_where_the_app_says_so() {
    let lockout = Lockout::builder()
        .pair(Failures::new(5, HOUR).captcha_after(2))
        .account(Failures::new(7, 24 * HOUR).captcha_instead())
        .build()
        .unwrap();
    let here = address("192.0.2.1");
    for captcha in [false, true] {
        assert_eq!(lockout.begin("ada", here).await.unwrap().failed().captcha, captcha);
    }
    let refusal = lockout.begin("ada", here).await.unwrap_err();
    assert!(matches!(refusal.reason(), Reason::Captcha { subject: Subject::Pair }));
    assert_eq!(refusal.problem().status(), 403);
    assert_eq!(refusal.problem().members()["captcha"], "required");
    for _ in 0..3 {
        drop(lockout.begin_with_captcha("ada", here).await.unwrap());
    }
    let locked = lockout.begin_with_captcha("ada", here).await.unwrap_err();
    assert_eq!(locked.problem().status(), 429);

    // The account itself is never locked.
    for (last, captcha) in (2..102).map(|last| (last, last >= 4)) {
        let there = address(&format!("203.0.113.{last}"));
        assert_eq!(lockout.begin("ada", there).await.is_err(), captcha, "{last}");
        if captcha {
            drop(lockout.begin_with_captcha("ada", there).await.unwrap());
        }
    }
}

#[test]
fn refusals_tell_seconds_rounded_up_and_never_0() {
    fn check(wait: u64, expect: &str) {
        let problem = crate::Problem::from(super::error::Refusal::locked(Subject::Account, wait));
        assert_eq!(problem.headers()["retry-after"], expect);
        assert_eq!(problem.status(), 429);
    }
    check(0, "1");
    check(1, "1");
    check(1000, "1");
    check(1001, "2");
    check(3_600_000, "3600");
}

/// The same decisions by the scripts, at times that the model tells. What Redis itself lets lapse, it lets lapse later.
#[cfg(feature = "redis")]
#[test]
fn redis_does_what_the_model_does() {
    use std::io::Write;

    use proptest::test_runner::TestRunner;

    use super::redis::RedisStore;
    use super::store::LockoutStore;

    let Some(url) = std::env::var("TEST_REDIS_URL").ok().filter(|url| !url.is_empty()) else {
        writeln!(std::io::stderr(), "SKIPPED: TEST_REDIS_URL is not set").unwrap();
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let client = redis::Client::open(url).unwrap();
    let mut connection = runtime.block_on(client.get_multiplexed_async_connection()).unwrap();
    let prefix = format!("portcullis-test:{}", crate::random::id64());
    let cases = std::cell::Cell::new(0);
    let run = |(rules, steps): ([Option<Rule>; 3], Vec<Step>)| {
        cases.set(cases.get() + 1);
        let mut store = RedisStore::new(connection.clone(), &format!("{prefix}:{}", cases.get()));
        // As large as the server's own.
        let (mut model, mut now) = (Model::default(), 1_790_000_000_000);
        for step in steps {
            now += step.wait;
            let question = question(rules, &step);
            let verdict = runtime.block_on(store.at(now).begin(question)).unwrap();
            let (given, charges) = answer(verdict);
            prop_assert_eq!(&given, &model.attempt(&rules, &step, now), "{:?} at {}", step, now);
            if given == Answer::Begun && step.outcome != Outcome::Failed {
                let settlement = settlement(&question, charges, step.outcome);
                runtime.block_on(store.at(now).settle(settlement)).unwrap();
            }
        }
        Ok(())
    };
    let mut runner = TestRunner::new(ProptestConfig::with_cases(200));
    let tried = runner.run(&([rule(), rule(), rule()], prop::collection::vec(step(), 1..80)), run);
    runtime.block_on(async {
        let mut list = redis::cmd("KEYS");
        list.arg(format!("{{{prefix}:*"));
        let keys: Vec<String> = list.query_async(&mut connection).await.unwrap();
        for key in keys {
            let _: () = redis::cmd("DEL").arg(key).query_async(&mut connection).await.unwrap();
        }
    });
    tried.unwrap();
}
