//! Rounds, in each of which every server has its turn.

use std::path::Path;
use std::time::Instant;

use e2e_contract::{ROLE, token};

use crate::check::{LIST, PATH};
use crate::hold::Held;
use crate::load::load;
use crate::options::Options;
use crate::process::Running;
use crate::servers::Server;

/// Records are written there: their cost is in the numbers, a disk is not.
const NOWHERE: &str = "/dev/null";
const WARM_UP: u32 = 1;

#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    pub(crate) server: &'static str,
    pub(crate) path: &'static str,
    pub(crate) log: bool,
    /// Connections that are open and idle meanwhile.
    pub(crate) held: usize,
}

#[derive(Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) requests_per_second: f64,
    /// Microseconds, as are the others.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    /// What a request takes of the server's processor.
    pub(crate) cpu: f64,
    /// How much of the time the server had it, from 0 to 1: near 1, or something else is measured.
    pub(crate) busy: f64,
    /// MiB, resident, after the load.
    pub(crate) memory: f64,
}

pub(crate) type Round = Vec<(Setting, Figures)>;

pub(crate) fn rounds(servers: &[Server], options: &Options) -> Result<Vec<Round>, String> {
    let mut turns: Vec<(&Server, bool)> = servers.iter().map(|server| (server, false)).collect();
    turns.extend(
        servers
            .iter()
            .filter(|server| server.gated)
            .map(|server| (server, true)),
    );
    let mut rounds = Vec::new();
    for number in 0..options.rounds {
        println!("\n== round {} of {}", number + 1, options.rounds);
        let mut round = Round::new();
        // Nobody always goes first.
        let place = (number * 7) % turns.len().max(1);
        for (server, log) in turns[place..].iter().chain(&turns[..place]) {
            let figures = turn(server, *log, options).map_err(|reason| format!("{}: {reason}", server.name))?;
            round.extend(figures);
        }
        rounds.push(round);
    }
    Ok(rounds)
}

fn turn(server: &Server, log: bool, options: &Options) -> Result<Round, String> {
    let token = token(ROLE)?;
    let running = Running::start(server, log.then_some(Path::new(NOWHERE)), None)?;
    load(running.address, PATH, &token, options.connections, WARM_UP)?;
    let setting = |path, held| Setting {
        server: server.name,
        path,
        log,
        held,
    };
    let mut round = vec![(setting(PATH, 0), figures(&running, PATH, &token, options)?)];
    if !log {
        round.push((setting(LIST, 0), figures(&running, LIST, &token, options)?));
    }
    if options.held > 0 {
        let held = Held::open(running.address, options.held, &token)?;
        round.push((setting(PATH, options.held), figures(&running, PATH, &token, options)?));
        held.close()?;
    }
    for (setting, figures) in &round {
        println!(
            "{:34} {:8} log {:3} {:6} held {:8.0} requests a second, {:6.1} us of processor each, busy {:3.0} %",
            server.name,
            setting.path,
            if log { "on" } else { "off" },
            setting.held,
            figures.requests_per_second,
            figures.cpu,
            figures.busy * 100.0,
        );
    }
    Ok(round)
}

// Counts and times are small.
#[expect(clippy::cast_precision_loss)]
fn figures(running: &Running, path: &str, token: &str, options: &Options) -> Result<Figures, String> {
    let (busy, begun) = (running.busy().unwrap_or_default(), Instant::now());
    let load = load(running.address, path, token, options.connections, options.seconds)?;
    let busy = running.busy().unwrap_or_default().saturating_sub(busy).as_secs_f64();
    let requests = load.requests as f64;
    Ok(Figures {
        requests_per_second: requests * 1e6 / load.duration as f64,
        p50: load.p50 as f64,
        p99: load.p99 as f64,
        p999: load.p999 as f64,
        cpu: busy * 1e6 / requests,
        busy: busy / begun.elapsed().as_secs_f64(),
        memory: running.memory().unwrap_or_default() as f64 / 1024.0,
    })
}
