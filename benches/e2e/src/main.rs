//! The same two routes of JSON behind the same nine jobs over loopback: bare, behind portcullis, and behind what others offer.
//!
//! `cargo xtask bench-e2e` builds the servers and runs this. The nine jobs: request id, access log, errors, security headers, CORS,
//! rate limit, JWT (HS256), role check, 404.
//!
//! Each server is first asked what all must answer alike ([`check`]). Then come rounds, in each of which every server has its turn,
//! alone on one core, with the load on another: it is started, warmed up, loaded over [`Options::connections`] connections, with the
//! log off asked for the longer answer, and once more for the short one while [`Options::held`] idle ones are kept open. Ratios are
//! made within a round.
//!
//! Options: `--smoke` (no load: the check, and a few hundred requests each), `--rounds N`, `--seconds N` of load, `--connections N`,
//! `--held N` (0 leaves that part out), `--report FOLDER`, and a word that picks the servers with it in their name.

mod check;
mod client;
mod hold;
mod load;
mod measure;
mod options;
mod process;
mod report;
mod servers;

use std::process::ExitCode;

use crate::options::Options;
use crate::report::Report;
use crate::servers::Server;

/// The held connections of one process, and the rest.
const SPARE_FILES: usize = 1000;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let options = Options::from_args(std::env::args().skip(1))?;
    let servers = servers::all()?.into_iter().filter(|server| options.picks(server.name));
    let servers: Vec<Server> = servers.collect();
    for server in &servers {
        check::check(server).map_err(|reason| format!("{}: {reason}", server.name))?;
        println!("{}: answers as all do", server.name);
    }
    if options.smoke {
        return Ok(());
    }
    load::ready()?;
    files(options.held + SPARE_FILES)?;
    let rounds = measure::rounds(&servers, &options)?;
    let folder = Report::new(&options, &rounds).write(&options.report)?;
    println!("\n{}", folder.join("report.{md,json}").display());
    Ok(())
}

/// Servers inherit it.
fn files(wanted: usize) -> Result<(), String> {
    let wanted = wanted as u64;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(limit) if limit >= wanted => Ok(()),
        Ok(limit) => Err(format!(
            "{wanted} open files are needed and {limit} allowed: `ulimit -Hn`, or `--held` with fewer connections"
        )),
        Err(error) => Err(format!("open files: {error}")),
    }
}
