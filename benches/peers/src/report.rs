//! The table on the screen and in `target/peers/`.

use std::fmt::Write;
use std::path::PathBuf;
use std::{env, fs, io};

use serde::Serialize;

/// Times in nanoseconds and allocations are what a request costs more than without the layer; medians, and the tenth and ninetieth
/// of a hundred rounds.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) rival: &'static str,
    pub(crate) path: &'static str,
    pub(crate) ratio: f64,
    pub(crate) ratio_low: f64,
    pub(crate) ratio_high: f64,
    /// The ratio that is aimed at, with no more allocations than the rival's.
    pub(crate) goal: f64,
    pub(crate) ns: f64,
    pub(crate) ns_low: f64,
    pub(crate) ns_high: f64,
    pub(crate) rival_ns: f64,
    pub(crate) allocations: f64,
    pub(crate) rival_allocations: f64,
    /// Beside another path of our own, which may well allocate less.
    #[serde(skip)]
    pub(crate) own: bool,
}

impl Row {
    fn met(&self) -> bool {
        // Times below a few nanoseconds are noise, and whoever adds nothing has won.
        let fast = self.ratio <= self.goal || self.ns < 5.0;
        fast && (self.own || self.allocations <= self.rival_allocations)
    }
}

#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn add(&mut self, mut row: Row) {
        for value in [&mut row.ratio, &mut row.ratio_low, &mut row.ratio_high] {
            *value = (*value * 1000.0).round() / 1000.0;
        }
        for value in [&mut row.ns, &mut row.ns_low, &mut row.ns_high, &mut row.rival_ns] {
            *value = value.round();
        }
        for value in [&mut row.allocations, &mut row.rival_allocations] {
            *value = (*value * 10.0).round() / 10.0;
        }
        if self.rows.is_empty() {
            println!("{HEADER}\n{RULE}");
        }
        println!("{}", line(&row));
        self.rows.push(row);
    }

    /// Writes `report.json` and `report.md` and says where.
    pub(crate) fn write(&self) -> io::Result<PathBuf> {
        let folder = env::var_os("PEERS_REPORT").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers")),
            PathBuf::from,
        );
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("report.json"), serde_json::to_string_pretty(&self.rows)?)?;
        let mut table = format!("{HEADER}\n{RULE}\n");
        for row in &self.rows {
            let _ = writeln!(table, "{}", line(row));
        }
        fs::write(folder.join("report.md"), table)?;
        folder.canonicalize()
    }
}

const HEADER: &str = "| layer | path | beside | ns | theirs | ratio | p10 to p90 | goal | | allocations | theirs |";
const RULE: &str = "|---|---|---|---:|---:|---:|---|---:|---|---:|---:|";

fn line(row: &Row) -> String {
    format!(
        "| {} | {} | {} | {:.0} | {:.0} | {:.2} | {:.2} to {:.2} | {} | {} | {} | {} |",
        row.name,
        row.path,
        row.rival,
        row.ns,
        row.rival_ns,
        row.ratio,
        row.ratio_low,
        row.ratio_high,
        row.goal,
        if row.met() { "met" } else { "**missed**" },
        row.allocations,
        row.rival_allocations,
    )
}
