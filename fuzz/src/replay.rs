//! The corpus, and what a generator with a fixed seed makes of it.

use std::path::Path;
use std::time::Instant;
use std::{fs, io};

use crate::targets;

const MUTATIONS: usize = 20_000;
/// Between the bytes that parsers look for.
const TOKENS: &[&[u8]] = &[
    b"\r\n", b"\n", b": ", b",", b";", b"\"", b"[", b"]", b"%", b"\0", b"\xff", b"-", b".", b"{}", b"null", b"1e9",
];

pub(crate) fn all() -> io::Result<()> {
    // Also where a task would catch it: nothing may panic, anywhere.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        std::process::abort();
    }));
    for (name, target) in targets::ALL {
        let begun = Instant::now();
        let corpus = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name))?;
        corpus.iter().for_each(|input| target(input));
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for _ in 0..MUTATIONS {
            target(&mutate(&mut random, &corpus));
        }
        println!(
            "{name}: {} inputs, {MUTATIONS} mutations, {:.1?}",
            corpus.len(),
            begun.elapsed()
        );
    }
    Ok(())
}

fn read(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    // Folders list their files in no order.
    files.sort();
    files.iter().map(fs::read).collect()
}

/// One to four changes to one of the inputs.
fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        let end = (at + random.below(8)).min(input.len());
        match random.below(5) {
            0 => _ = input.drain(at..end),
            1 => _ = input.splice(at..at, TOKENS[random.below(TOKENS.len())].iter().copied()),
            2 => {
                _ = input.splice(
                    at..end,
                    corpus[random.below(corpus.len())].iter().skip(at).take(16).copied(),
                )
            }
            3 => input.truncate(at),
            _ => input
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= 1 << random.below(8)),
        }
    }
    input
}

/// Xorshift: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
