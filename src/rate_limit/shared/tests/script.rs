//! The scripts beside the pure policy, with a clock that the test sets.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use redis::Script;
use redis::aio::ConnectionManager;

use super::super::super::policy::{Account, Counting, Pace};
use super::super::measure::Measure;
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

fn measures() -> impl Strategy<Value = Vec<Measure>> {
    let pace = prop_oneof![
        (1..6_u32, 1..5_000_000_u64).prop_map(|(burst, interval)| gcra(burst, interval * 1_000)),
        (1..6_u32, 1..5_000_000_u64).prop_map(|(requests, length)| window(requests, length * 1_000)),
        Just(gcra(1, 365 * 24 * 3600 * super::SECOND)),
    ];
    let measure = pace.prop_map(|pace: Pace| Measure::new("q".into(), pace).unwrap());
    prop::collection::vec(measure, 1..4)
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

/// What the script says of an account.
fn told(pace: Pace, account: Account, now: u64) -> [u64; 2] {
    let left = account.whole.saturating_sub(now) / 1_000;
    match pace.counting() {
        Counting::Gcra => [left, left],
        Counting::FixedWindow if left == 0 => [0, 0],
        Counting::FixedWindow => [account.used.into(), left],
    }
}

/// What the script should answer.
fn expected(measures: &[Measure], accounts: &mut [Account], step: &Step, now: u64) -> Vec<u64> {
    let mut answer = vec![0];
    let mut after = Vec::new();
    for ((measure, account), (weight, by)) in measures.iter().zip(&*accounts).zip(step.weights.iter().zip(1..)) {
        let pace = measure.pace;
        if step.gives_back {
            after.push(pace.give_back(*account, *weight, account.whole, now));
        } else if let Some(taken) = pace.take(*account, *weight, now) {
            answer.extend(told(pace, taken, now));
            // The script does not begin a window for nothing.
            after.push(if *weight == 0 { *account } else { taken });
        } else {
            return [&[by][..], &told(pace, *account, now)].concat();
        }
    }
    accounts.copy_from_slice(&after);
    answer
}

async fn follow(connection: &mut ConnectionManager, prefix: &str, measures: &[Measure], steps: &[Step]) {
    let take = with_clock(include_str!("../lua/take.lua"));
    let give_back = with_clock(include_str!("../lua/give_back.lua"));
    let mut accounts = vec![Account::default(); measures.len()];
    let mut now = 1_764_000_000_123_456_u64;
    for step in steps {
        now += step.wait;
        let script = if step.gives_back { &give_back } else { &take };
        let mut call = script.prepare_invoke();
        for (place, (measure, weight)) in measures.iter().zip(&step.weights).enumerate() {
            call.key(format!("{prefix}{place}"));
            call.arg(measure.args(*weight).to_vec());
        }
        let mut answer: Vec<u64> = call.arg(now).invoke_async(connection).await.unwrap();
        let mut should = expected(measures, &mut accounts, step, now * 1_000);
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
fn the_scripts_decide_as_the_policy_does() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let Some((connection, prefix)) = runtime.block_on(shared()) else {
        return;
    };
    let cases = AtomicUsize::new(0);
    proptest!(ProptestConfig::with_cases(500), |(measures in measures(), steps in steps())| {
        let prefix = format!("{prefix}{}:", cases.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(follow(&mut connection.clone(), &prefix, &measures, &steps));
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
        let measure = Measure::new("q".into(), pace).unwrap();
        let mut set = redis::cmd("SET");
        set.arg(&prefix).arg(left).arg("PX").arg(60_000);
        let _: () = set.query_async(connection).await.unwrap();
        let mut call = take.key(&prefix);
        call.arg(measure.args(1).to_vec()).arg(now);
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

/// Also where nothing would make Redis forget, such as a key that was copied without its time to live.
#[tokio::test]
async fn a_refusal_by_what_another_clock_has_left_ends_when_it_says() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let take = with_clock(include_str!("../lua/take.lua"));
    let now = 1_764_000_000_000_000_u64;
    let far = now + 999_999_999;
    for (left, pace, more_in) in [
        (far.to_string(), gcra(10, 1_000_000), 1_000),
        (format!("{far} 10"), window(10, 1_000_000), 1_000),
    ] {
        let measure = Measure::new("q".into(), pace).unwrap();
        let _: () = redis::cmd("SET")
            .arg(&prefix)
            .arg(&left)
            .query_async(&mut connection)
            .await
            .unwrap();
        let mut answers = Vec::new();
        for now in [now, now + more_in] {
            let mut call = take.key(&prefix);
            call.arg(measure.args(1).to_vec()).arg(now);
            let answer: Vec<u64> = call.invoke_async(&mut connection).await.unwrap();
            answers.push(answer[0]);
        }
        assert_eq!(answers, [1, 0], "{left}");
    }
    clean(&mut connection, &prefix).await;
}
