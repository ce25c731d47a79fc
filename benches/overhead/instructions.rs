//! Instructions, counted by callgrind in a process of its own: they say the same on a busy machine as on an idle one.

use std::error::Error;
use std::process::{Command, Stdio};
use std::{env, io};

use crate::measure::Case;
use crate::model;

/// With `case:layered:calls`, as [`added`] writes it.
pub(crate) const FLAG: &str = "--calls";

/// Once for what happens at the first call only, and so often that a difference is one of calls.
const CALLS: [u32; 2] = [10, 110];

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
    let one = |layered| -> io::Result<f64> {
        let [few, many] = [count(case, layered, CALLS[0])?, count(case, layered, CALLS[1])?];
        Ok((many - few) / f64::from(CALLS[1] - CALLS[0]))
    };
    Ok((one(true)? - one(false)?).round())
}

fn count(case: usize, layered: bool, calls: u32) -> io::Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([FLAG, &format!("{case}:{layered}:{calls}")])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let total = said.lines().find_map(|line| line.split_once("Collected :"));
    let total = total.and_then(|(_, number)| number.trim().parse().ok());
    total.ok_or_else(|| io::Error::other(format!("callgrind did not count:\n{said}")))
}

/// The process that is counted.
pub(crate) fn run(job: &str, cases: &[Case]) -> Result<(), Box<dyn Error>> {
    let [number, layered, calls] = job.split(':').collect::<Vec<_>>()[..] else {
        return Err(format!("{FLAG} {job}").into());
    };
    let case = cases.get(number.parse::<usize>()?).ok_or("no such case")?;
    if case.listens {
        model::listen();
    }
    let work = if layered == "true" { &case.layered } else { &case.bare };
    work(calls.parse()?);
    Ok(())
}
