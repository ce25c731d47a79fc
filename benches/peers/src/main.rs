//! What the layers of portcullis cost beside other crates that do the same work, in the same run, round by round.
//!
//! `cargo bench` in this folder prints a table and writes `report.json` and `report.md` to `target/peers/` of the repository, or to
//! the folder in `PEERS_REPORT`. A word as an argument picks the cases with that word in their title. With `-- --test` every case
//! is only checked and called once.
//!
//! Before any time is taken, all must have answered alike: status, headers, lines in the log.

mod bare;
mod case;
// A case that cannot fail to be built has the signature of those that can.
#[allow(clippy::unnecessary_wraps)]
mod cases;
mod harness;
mod model;
mod report;
mod sink;

use std::env;

use crate::cases::{LOGGED, QUIET, Scale};
use crate::report::Report;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let test = arguments.iter().any(|argument| argument == "--test");
    let word = arguments.iter().find(|argument| !argument.starts_with("--"));
    let scale = Scale {
        addresses: if test { 100 } else { 100_000 },
    };
    // For the timers, and for what a rival spawns: nothing here waits for either.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let _entered = runtime.enter();
    let mut report = Report::default();
    for (rooms, listens) in [(QUIET, false), (LOGGED, true)] {
        if listens {
            sink::listen()?;
        }
        for cases in rooms {
            for case in cases(scale)? {
                if word.is_some_and(|word| !case.title().contains(word.as_str())) {
                    continue;
                }
                case.check();
                if test {
                    println!("{}: ok", case.title());
                } else {
                    case.measure(&mut report);
                }
            }
        }
    }
    if !test {
        let folder = report.write().map_err(|error| error.to_string())?;
        println!("\n{}/report.json", folder.display());
    }
    Ok(())
}
