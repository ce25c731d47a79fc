//! Instructions, counted by callgrind in a process of its own: they say the same on a busy machine as on an idle one.

use std::error::Error;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::{env, io};

use crate::measure::Case;
use crate::model;

/// With `case:layered`, as [`added`] writes it.
pub(crate) const FLAG: &str = "--count";

/// What happens at the first call only is not counted.
const BEFORE: u32 = 20;
const CALLS: u32 = 100;

pub(crate) fn installed() -> bool {
    let asked = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

/// What the layers of a case add to a call.
pub(crate) fn added(case: usize) -> io::Result<f64> {
    let added = count(case, true)? - count(case, false)?;
    Ok((added / f64::from(CALLS)).round())
}

fn count(case: usize, layered: bool) -> io::Result<f64> {
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "--collect-atstart=no",
        ])
        .arg("--toggle-collect=*instructions*counted*")
        .arg(env::current_exe()?)
        .args([FLAG, &format!("{case}:{layered}")])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let total = said.lines().find_map(|line| line.split_once("Collected :"));
    let total = total.and_then(|(_, number)| number.trim().parse().ok());
    let total = total.filter(|total| *total > 0.0);
    total.ok_or_else(|| io::Error::other(format!("callgrind did not count:\n{said}")))
}

/// The process that is counted.
pub(crate) fn run(job: &str, cases: &[Case]) -> Result<(), Box<dyn Error>> {
    let (number, layered) = job.split_once(':').ok_or("a case is a number and a word")?;
    let case = cases.get(number.parse::<usize>()?).ok_or("no such case")?;
    if case.listens {
        model::listen();
    }
    let work = if layered == "true" { &case.layered } else { &case.bare };
    work(BEFORE);
    counted(&**work);
    Ok(())
}

/// Callgrind counts within this function, which it finds by its name.
#[inline(never)]
fn counted(work: &dyn Fn(u32)) {
    work(black_box(CALLS));
}
