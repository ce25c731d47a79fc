//! The scripts beside the pure rule, with a clock that the test sets.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use redis::Script;
use redis::aio::ConnectionManager;

use super::super::super::policy::Pace;
use super::super::rule::{Level, Rule};
use super::server::{clean, shared};
use super::{gcra, window};

/// The script that is served, but for the two lines that read the server's clock and that say when Redis may forget.
fn with_clock(script: &str) -> Script {
    let told = script.replace("redis.call('TIME')", "{ ARGV[#ARGV], 0 }");
    let kept = told.replace("'PX', ", "'PX', 600000 + ");
    assert!(!kept.contains("TIME") && kept.contains("600000"));
    Script::new(&kept.replace("time[1] * 1000000 + time[2]", "tonumber(time[1])"))
}

#[derive(Debug, Clone)]
struct Step {
    wait: u64,
    gives_back: bool,
    weights: Vec<u32>,
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let pace = prop_oneof![
        (1..6_u32, 1..5_000_000_u64).prop_map(|(burst, interval)| gcra(burst, interval * 1_000)),
        (1..6_u32, 1..5_000_000_u64).prop_map(|(requests, length)| window(requests, length * 1_000)),
        Just(gcra(1, 365 * 24 * 3600 * super::SECOND)),
    ];
    let rule = pace.prop_map(|pace: Pace| Rule::new("q".into(), pace));
    let rules = prop::collection::vec(rule.prop_filter_map("microseconds", Result::ok), 1..4);
    rules.prop_filter("at least one", |rules| !rules.is_empty())
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![Just(0), 0..1_000_u64, 0..6_000_000_u64];
    let step = (wait, prop::bool::weighted(0.2), prop::collection::vec(0..4_u32, 3));
    let step = step.prop_map(|(wait, gives_back, weights)| Step {
        wait,
        gives_back,
        weights,
    });
    prop::collection::vec(step, 1..30)
}

/// What the script should answer.
fn expected(rules: &[Rule], levels: &mut [Level], step: &Step) -> Vec<u64> {
    let charged = || rules.iter().zip(&step.weights);
    if step.gives_back {
        for (level, (rule, weight)) in levels.iter_mut().zip(charged()) {
            *level = rule.give_back(*level, *weight);
        }
        return vec![0];
    }
    let taken = levels
        .iter()
        .zip(charged())
        .map(|(level, (rule, weight))| rule.take(*level, *weight));
    let mut answer = vec![0];
    let mut after = Vec::new();
    for (taken, by) in taken.zip(1..) {
        match taken {
            Ok(level) => {
                answer.extend([level.used, level.left]);
                after.push(level);
            }
            Err(level) => return vec![by, level.used, level.left],
        }
    }
    levels.copy_from_slice(&after);
    answer
}

async fn follow(connection: &mut ConnectionManager, prefix: &str, rules: &[Rule], steps: &[Step]) {
    let take = with_clock(include_str!("../lua/take.lua"));
    let give_back = with_clock(include_str!("../lua/give_back.lua"));
    let mut levels = vec![Level::WHOLE; rules.len()];
    let mut now = 1_764_000_000_123_456_u64;
    for step in steps {
        now += step.wait;
        for (level, rule) in levels.iter_mut().zip(rules) {
            *level = rule.after(*level, step.wait);
        }
        let script = if step.gives_back { &give_back } else { &take };
        let mut call = script.prepare_invoke();
        for (place, (rule, weight)) in rules.iter().zip(&step.weights).enumerate() {
            call.key(format!("{prefix}{place}"));
            call.arg(vec![rule.window, rule.most(), rule.cost(*weight)]);
        }
        let mut answer: Vec<u64> = call.arg(now).invoke_async(connection).await.unwrap();
        let mut should = expected(rules, &mut levels, step);
        // Of what is not used, it does not matter when it is whole.
        for answer in [&mut answer, &mut should] {
            for pair in answer[1..].chunks_exact_mut(2).filter(|pair| pair[0] == 0) {
                pair[1] = 0;
            }
        }
        assert_eq!(answer, should, "{step:?} at {now}");
    }
}

#[test]
fn the_scripts_decide_as_the_rule_does() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let Some((connection, prefix)) = runtime.block_on(shared()) else {
        return;
    };
    let cases = AtomicUsize::new(0);
    proptest!(ProptestConfig::with_cases(500), |(rules in rules(), steps in steps())| {
        let prefix = format!("{prefix}{}:", cases.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(follow(&mut connection.clone(), &prefix, &rules, &steps));
    });
    runtime.block_on(clean(&mut connection.clone(), &prefix));
}

/// Where another node takes over, its clock may be behind, and settings change between two deployments.
#[tokio::test]
async fn what_another_clock_or_another_quota_has_left_locks_nobody_out() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let take = with_clock(include_str!("../lua/take.lua"));
    let now = 1_764_000_000_000_000_u64;
    let check = async |connection: &mut ConnectionManager, left: &str, pace, should: [u64; 3]| {
        let rule = Rule::new("q".into(), pace).unwrap();
        let mut set = redis::cmd("SET");
        set.arg(&prefix).arg(left).arg("PX").arg(60_000);
        let _: () = set.query_async(connection).await.unwrap();
        let mut call = take.key(&prefix);
        call.arg(vec![rule.window, rule.most(), rule.cost(1), now]);
        let answer: Vec<u64> = call.invoke_async(connection).await.unwrap();
        assert_eq!(answer, should, "{left}");
    };
    let (paced, windowed) = (gcra(10, 1_000_000), window(10, 1_000_000));
    let connection = &mut connection;
    check(connection, &format!("{}", now + 9_000), paced, [0, 10_000, 10_000]).await;
    check(connection, &format!("{}", now + 9_001), paced, [1, 9_001, 9_001]).await;
    check(
        connection,
        &format!("{}", now + 999_999_999),
        paced,
        [1, 10_000, 10_000],
    )
    .await;
    check(connection, &format!("{}", now - 1), paced, [0, 1_000, 1_000]).await;
    check(connection, &format!("{} 7", now + 1_000), paced, [0, 1_000, 1_000]).await;
    check(connection, "nonsense", paced, [0, 1_000, 1_000]).await;
    check(connection, &format!("{} 7", now + 600), windowed, [0, 8, 600]).await;
    check(connection, &format!("{} 10", now + 600), windowed, [1, 10, 600]).await;
    check(
        connection,
        &format!("{} 10", now + 999_999_999),
        windowed,
        [1, 10, 1_000],
    )
    .await;
    check(connection, &format!("{now} 10"), windowed, [0, 1, 1_000]).await;
    check(connection, &format!("{now}"), windowed, [0, 1, 1_000]).await;
    clean(connection, &prefix).await;
}
