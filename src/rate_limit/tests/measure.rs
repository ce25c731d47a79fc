//! What the memory takes, and how long. Not an assertion: in a release build, `cargo test --release -p portcullis --lib
//! measure_memory -- --ignored --nocapture`.

use std::fs;
use std::hint::black_box;
use std::thread;
use std::time::Instant;

use super::{charge, hash, pace};
use crate::rate_limit::memory::Memory;

/// Of each thread.
const CHECKS: u64 = 5_000_000;
/// The fastest counts: others may have the processor meanwhile.
const ROUNDS: u32 = 5;

/// Bytes of this process that are in memory, by Linux.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
#[ignore = "it measures"]
fn measure_memory() {
    for text in ["1000000 per hour", "1000000 per hour, fixed"] {
        for keys in [1, 100_000, 10_000_000] {
            let before = resident();
            let memory = Memory::new([pace(text)], usize::try_from(keys).unwrap().max(32));
            for caller in 0..keys {
                let _ = memory.take_one(charge(hash(caller), 1), 0);
            }
            let bytes = resident().saturating_sub(before) / keys.max(32);
            for threads in [1, 2] {
                let fastest = (0..ROUNDS).map(|_| run(&memory, keys, threads)).min().unwrap();
                let rate = CHECKS * threads * 1000 / fastest.max(1);
                println!("{text}, {keys} keys, {threads} threads: {rate} checks a second, {bytes} bytes a key");
            }
        }
    }
}

/// Milliseconds for the checks of all threads.
fn run(memory: &Memory, keys: u64, threads: u64) -> u64 {
    let begun = Instant::now();
    thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for round in 0..CHECKS {
                    let caller = hash(round * 2 + thread) % keys;
                    let _ = black_box(memory.take_one(charge(hash(caller), 1), round));
                }
            });
        }
    });
    u64::try_from(begun.elapsed().as_millis()).unwrap()
}
