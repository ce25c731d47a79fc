//! The tables on the screen and in `target/e2e/`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use crate::check::{LIST, PATH};
use crate::measure::{Figures, Round, Setting};
use crate::options::Options;
use crate::servers::{AXUM_WITH_HEADERS, BARE_AXUM, EXPRESS, PORTCULLIS_AXUM, PORTCULLIS_CACHED, can_pin};

/// The lowest, the middle and the highest of all rounds.
#[derive(Serialize)]
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        Some(Self {
            low: *values.first()?,
            median: *values.get(values.len() / 2)?,
            high: *values.last()?,
        })
    }
}

#[derive(Serialize)]
struct Row {
    server: &'static str,
    path: &'static str,
    log: bool,
    held: usize,
    requests_per_second: Spread,
    p50_us: Spread,
    p99_us: Spread,
    p999_us: Spread,
    cpu_us: Spread,
    busy: Spread,
    memory_mib: Spread,
}

/// Requests a second of one over those of another, round by round.
#[derive(Serialize)]
struct Goal {
    what: String,
    ratio: Spread,
    /// The same of processor time: what is left where somebody else had the cores, too.
    by_cpu: Spread,
    /// `None` where it is only told.
    aim: Option<f64>,
    met: bool,
}

#[derive(Serialize)]
pub(crate) struct Report {
    date: String,
    machine: String,
    pinned: bool,
    rounds: usize,
    seconds: u32,
    connections: usize,
    rows: Vec<Row>,
    goals: Vec<Goal>,
}

impl Report {
    pub(crate) fn new(options: &Options, rounds: &[Round]) -> Self {
        let mut settings: Vec<Setting> = Vec::new();
        for (setting, _) in rounds.iter().flatten() {
            if !settings.contains(setting) {
                settings.push(*setting);
            }
        }
        settings.sort_by_key(|setting| (setting.path == LIST, setting.held, setting.log));
        Self {
            date: date(),
            machine: machine(),
            pinned: can_pin(),
            rounds: options.rounds,
            seconds: options.seconds,
            connections: options.connections,
            rows: settings.iter().filter_map(|setting| row(*setting, rounds)).collect(),
            goals: goals(rounds),
        }
    }

    /// Prints it, writes `report.json` and `report.md`, and says where.
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf, String> {
        let told = |error: std::io::Error| format!("{}: {error}", folder.display());
        let markdown = self.markdown();
        println!("\n{markdown}");
        fs::create_dir_all(folder).map_err(told)?;
        let json = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        fs::write(folder.join("report.json"), json).map_err(told)?;
        fs::write(folder.join("report.md"), markdown).map_err(told)?;
        folder.canonicalize().map_err(told)
    }

    fn markdown(&self) -> String {
        let mut text = format!(
            "{}, {}, {}: {} rounds of {} s each over {} busy connections; medians, requests a second from lowest to highest.\n",
            self.date,
            self.machine,
            if self.pinned {
                "server and load on a core each"
            } else {
                "server and load NOT pinned to cores"
            },
            self.rounds,
            self.seconds,
            self.connections,
        );
        let mut part = None;
        for row in &self.rows {
            let this = (row.path, row.held, row.log);
            if part.replace(this) != Some(this) {
                let log = if row.log { "on" } else { "off" };
                let _ = write!(text, "\nLog {log}");
                if row.path == LIST {
                    text.push_str(", fifty posts");
                }
                if row.held > 0 {
                    let _ = write!(text, ", {} more connections open and idle", row.held);
                }
                let _ = write!(text, ":\n\n{HEADER}\n{RULE}\n");
            }
            let _ = writeln!(text, "{}", line(row));
        }
        let _ = writeln!(text, "\n{GOALS}");
        for goal in &self.goals {
            let met = match (goal.aim, goal.met) {
                (None, _) => "",
                (Some(_), true) => "met",
                (Some(_), false) => "**missed**",
            };
            let (what, by_cpu) = (&goal.what, goal.by_cpu.median);
            let aim = goal.aim.map(|aim| aim.to_string()).unwrap_or_default();
            let (low, median, high) = (goal.ratio.low, goal.ratio.median, goal.ratio.high);
            let _ = writeln!(
                text,
                "| {what} | {median:.2} | {low:.2} to {high:.2} | {aim} | {met} | {by_cpu:.2} |"
            );
        }
        text
    }
}

const HEADER: &str = "| server | requests/s | lowest to highest | p50 ms | p99 ms | p99.9 ms | CPU us | busy | MiB |";
const RULE: &str = "|---|---:|---|---:|---:|---:|---:|---:|---:|";
const GOALS: &str =
    "| requests a second | ratio | lowest to highest | goal | | by CPU us |\n|---|---:|---|---:|---|---:|";

fn line(row: &Row) -> String {
    format!(
        "| {} | {:.0} | {:.0} to {:.0} | {:.2} | {:.2} | {:.2} | {:.1} | {:.0} % | {:.1} |",
        row.server,
        row.requests_per_second.median,
        row.requests_per_second.low,
        row.requests_per_second.high,
        row.p50_us.median / 1e3,
        row.p99_us.median / 1e3,
        row.p999_us.median / 1e3,
        row.cpu_us.median,
        row.busy.median * 100.0,
        row.memory_mib.median,
    )
}

fn row(setting: Setting, rounds: &[Round]) -> Option<Row> {
    let all: Vec<Figures> = rounds.iter().filter_map(|round| find(round, setting)).collect();
    let spread = |figure: fn(&Figures) -> f64| Spread::of(all.iter().map(figure).collect());
    Some(Row {
        server: setting.server,
        path: setting.path,
        log: setting.log,
        held: setting.held,
        requests_per_second: spread(|figures| figures.requests_per_second)?,
        p50_us: spread(|figures| figures.p50)?,
        p99_us: spread(|figures| figures.p99)?,
        p999_us: spread(|figures| figures.p999)?,
        cpu_us: spread(|figures| figures.cpu)?,
        busy: spread(|figures| figures.busy)?,
        memory_mib: spread(|figures| figures.memory)?,
    })
}

fn find(round: &Round, wanted: Setting) -> Option<Figures> {
    let mut settings = round.iter();
    let found = settings.find(|(setting, _)| *setting == wanted);
    found.map(|(_, figures)| *figures)
}

/// Only of servers that took part.
fn goals(rounds: &[Round]) -> Vec<Goal> {
    // Bare axum logs nothing in either case.
    [
        (PORTCULLIS_AXUM, false, (BARE_AXUM, false), Some(0.9)),
        (PORTCULLIS_AXUM, true, (BARE_AXUM, false), Some(0.8)),
        (PORTCULLIS_AXUM, false, (AXUM_WITH_HEADERS, false), None),
        (PORTCULLIS_CACHED, false, (AXUM_WITH_HEADERS, false), None),
        (PORTCULLIS_AXUM, false, (EXPRESS, false), Some(10.0)),
        (PORTCULLIS_AXUM, true, (EXPRESS, true), Some(10.0)),
    ]
    .into_iter()
    .filter_map(|(own, log, (other, others_log), aim)| {
        let setting = |server, log| Setting {
            server,
            path: PATH,
            log,
            held: 0,
        };
        let both = |round: &Round| {
            let ours = find(round, setting(own, log))?;
            Some((ours, find(round, setting(other, others_log))?))
        };
        let spread = |of: fn((Figures, Figures)) -> f64| Spread::of(rounds.iter().filter_map(both).map(of).collect());
        let ratio = spread(|(ours, theirs)| ours.requests_per_second / theirs.requests_per_second)?;
        Some(Goal {
            what: format!("{own} over {other}, the log {}", if log { "on" } else { "off" }),
            met: aim.is_some_and(|aim| ratio.median >= aim),
            ratio,
            by_cpu: spread(|(ours, theirs)| theirs.cpu / ours.cpu)?,
            aim,
        })
    })
    .collect()
}

fn date() -> String {
    let output = Command::new("date").args(["-u", "+%F"]).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let known = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = known.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |line| line.trim_start_matches([' ', '\t', ':']));
    format!("{cores} cores of {model}")
}
