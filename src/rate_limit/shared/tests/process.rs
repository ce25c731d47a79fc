//! Two processes on one Redis.

use std::process::{Command, Stdio};

use super::server::{clean, shared};
use super::{SECOND, bound, charge, gcra, outcome, patient, window};

const PREFIX: &str = "PORTCULLIS_TEST_PREFIX";
const QUOTA: u32 = 100;

/// What each process does, when [`together_they_take_exactly_the_quota`] starts it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a part of another test"]
async fn one_of_two() {
    let Ok(prefix) = std::env::var(PREFIX) else {
        return;
    };
    let (connection, _) = shared().await.unwrap();
    let quotas = [
        ("paced", gcra(QUOTA, 3600 * SECOND)),
        ("windowed", window(QUOTA * 2, 3600 * SECOND)),
    ];
    let counts = bound(&patient(&connection, &prefix), &quotas);
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let counts = counts.clone();
            tokio::spawn(async move {
                let mut passed = 0;
                for _ in 0..QUOTA {
                    let both = [charge("a", 0), charge("a", 1)];
                    passed += usize::from(outcome(&*counts, &both).await.is_ok());
                }
                passed
            })
        })
        .collect();
    let mut passed = 0;
    for task in tasks {
        passed += task.await.unwrap();
    }
    println!("passed={passed};");
}

#[tokio::test]
async fn together_they_take_exactly_the_quota() {
    let Some((mut connection, prefix)) = shared().await else {
        return;
    };
    let this = std::env::current_exe().unwrap();
    let process = || {
        Command::new(&this)
            .args([
                "--exact",
                "rate_limit::shared::tests::process::one_of_two",
                "--ignored",
                "--nocapture",
            ])
            .env(PREFIX, &prefix)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let processes = [process(), process()];
    let passed = processes.map(|process| {
        let output = process.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let number = text.split("passed=").nth(1).and_then(|rest| rest.split(';').next());
        number.unwrap_or_else(|| panic!("{text}")).parse::<u32>().unwrap()
    });
    assert_eq!(passed.iter().sum::<u32>(), QUOTA, "{passed:?}");
    clean(&mut connection, &prefix).await;
}

/// As a job of CI sets it that has no Redis.
#[test]
fn a_variable_that_is_empty_counts_as_not_set() {
    let tests = [
        "rate_limit::shared::tests::process::together_they_take_exactly_the_quota",
        "lockout::tests::redis_does_what_the_model_does",
    ];
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("--exact")
        .args(tests)
        .env("TEST_REDIS_URL", "")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}{said}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(
        said.matches("SKIPPED: TEST_REDIS_URL is not set").count(),
        tests.len(),
        "{said}"
    );
}
