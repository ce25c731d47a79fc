//! What each layer adds to a request: time, allocations, bytes and instructions, over the bare service in the same run.
//!
//! `cargo bench --bench overhead` prints a table and writes `report.md`, `report.json` and `report.svg` to `target/overhead/`.
//! Instructions are counted where valgrind is installed, unless `--no-instructions` is given.
//!
//! - `-- --baseline <report.json>` compares with an earlier report, also one of another commit;
//! - `-- <word>` takes the cases with that word in their title;
//! - `-- --test` calls every case once, so that none can rot.

mod by_hand;
mod instructions;
mod layers;
mod measure;
mod model;
mod picture;
mod report;
mod stack;

use std::{env, io};

use crate::measure::Case;
use crate::report::{Baseline, Report, Row};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let after = |flag: &str| {
        let place = arguments.iter().position(|argument| argument == flag)?;
        arguments.get(place + 1).map(String::as_str)
    };
    // For timers; nothing here waits for one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let _entered = runtime.enter();
    if let Some(job) = after(instructions::FLAG) {
        return instructions::run(job, &cases()?);
    }
    let baseline = after("--baseline").map(Baseline::read).transpose()?;
    let word = arguments.first().filter(|argument| !argument.starts_with("--"));
    if has("--test") {
        return cases()?.iter().try_for_each(|case| {
            prepare(case);
            println!("{}: ok", case.title());
            Ok(())
        });
    }
    let counts = !has("--no-instructions") && instructions::installed();
    let mut report = Report::new(baseline, counts);
    for (number, case) in cases()?.iter().enumerate() {
        if word.is_some_and(|word| !case.title().contains(word.as_str())) {
            continue;
        }
        prepare(case);
        let added = case.added();
        let instructions = counts.then(|| instructions::added(number)).transpose()?;
        report.add(Row::new(case, &added, instructions));
    }
    println!("\n{}", report.write()?.join("report.{md,json,svg}").display());
    Ok(())
}

fn prepare(case: &Case) {
    if case.listens {
        model::listen();
    }
    case.check();
}

/// Those for which records are written come last: before, nobody listens.
fn cases() -> io::Result<Vec<Case>> {
    let mut cases = layers::cases().map_err(io::Error::other)?;
    cases.extend(stack::cases().map_err(io::Error::other)?);
    cases.sort_by_key(|case| case.listens);
    Ok(cases)
}
