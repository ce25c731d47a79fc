//! What the memory takes, and how long. Not an assertion: in a release build, `cargo test --release -p portcullis --lib
//! measure_memory -- --ignored --nocapture`.

use std::fs;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use super::{charge, hash, pace};
use crate::rate_limit::memory::Memory;

const CHECKS: u64 = 5_000_000;

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
            let bytes = resident().saturating_sub(before) / keys;
            for threads in [1, 2] {
                let start = Barrier::new(threads + 1);
                let elapsed = thread::scope(|scope| {
                    for thread in 0..threads as u64 {
                        let (memory, start) = (&memory, &start);
                        scope.spawn(move || {
                            start.wait();
                            for round in 0..CHECKS {
                                let caller = hash(round * 2 + thread) % keys;
                                let _ = black_box(memory.take_one(charge(hash(caller), 1), round));
                            }
                        });
                    }
                    start.wait();
                    Instant::now()
                })
                .elapsed();
                let rate = CHECKS * threads as u64 * 1000 / u64::try_from(elapsed.as_millis()).unwrap().max(1);
                println!("{text}, {keys} keys, {threads} threads: {rate} checks a second, {bytes} bytes a key");
            }
        }
    }
}
