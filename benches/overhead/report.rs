//! The table on the screen and in `target/overhead/`, beside an earlier one where that is wanted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::{Deserialize, Serialize};

use crate::measure::{Added, Case};
use crate::picture;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) ns: f64,
    pub(crate) ns_low: f64,
    pub(crate) ns_high: f64,
    pub(crate) instructions: Option<f64>,
    pub(crate) allocations: f64,
    pub(crate) bytes: f64,
}

impl Row {
    pub(crate) fn new(case: &Case, added: &Added, instructions: Option<f64>) -> Self {
        let [ns, ns_low, ns_high] = added.ns.map(f64::round);
        Self {
            name: case.name.to_owned(),
            path: case.path.to_owned(),
            ns,
            ns_low,
            ns_high,
            instructions,
            allocations: (added.allocations * 10.0).round() / 10.0,
            bytes: added.bytes.round(),
        }
    }

    fn key(&self) -> (String, String) {
        (self.name.clone(), self.path.clone())
    }
}

/// An earlier report.
pub(crate) struct Baseline(HashMap<(String, String), Row>);

impl Baseline {
    pub(crate) fn read(path: &str) -> io::Result<Self> {
        // Benchmarks run in the package's folder, wherever cargo was called.
        let text = fs::read_to_string(path).map_err(|error| io::Error::other(format!("{path}: {error}")))?;
        let rows: Vec<Row> = serde_json::from_str(&text)?;
        Ok(Self(rows.into_iter().map(|row| (row.key(), row)).collect()))
    }
}

pub(crate) struct Report {
    baseline: Option<Baseline>,
    counts: bool,
    rows: Vec<Row>,
    table: String,
}

impl Report {
    pub(crate) fn new(baseline: Option<Baseline>, counts: bool) -> Self {
        if !counts {
            println!("instructions are not counted: valgrind is not installed or not wanted\n");
        }
        let mut report = Self {
            baseline,
            counts,
            rows: Vec::new(),
            table: String::new(),
        };
        let mut heads = vec!["layer", "path", "ns", "p10 to p90", "allocations", "bytes"];
        if counts {
            heads.push("instructions");
        }
        if report.baseline.is_some() {
            heads.extend(["ns before", "change", "allocations before"]);
            if counts {
                heads.extend(["instructions before", "change"]);
            }
        }
        let rule = (0..heads.len()).map(|column| if column < 2 { "---" } else { "---:" });
        report.line(&heads.iter().map(ToString::to_string).collect::<Vec<_>>());
        report.line(&rule.map(ToOwned::to_owned).collect::<Vec<_>>());
        report
    }

    pub(crate) fn add(&mut self, row: Row) {
        let mut cells = vec![
            row.name.clone(),
            row.path.clone(),
            row.ns.to_string(),
            format!("{} to {}", row.ns_low, row.ns_high),
            row.allocations.to_string(),
            row.bytes.to_string(),
        ];
        let known = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        if self.counts {
            cells.push(known(row.instructions));
        }
        if let Some(baseline) = &self.baseline {
            let before = baseline.0.get(&row.key());
            let change = |old: Option<f64>, new: Option<f64>| {
                old.zip(new).filter(|(old, _)| *old != 0.0).map_or_else(
                    || "-".to_owned(),
                    |(old, new)| format!("{:+.0} %", (new / old - 1.0) * 100.0),
                )
            };
            let ns = before.map(|before| before.ns);
            cells.extend([known(ns), change(ns, Some(row.ns))]);
            cells.push(known(before.map(|before| before.allocations)));
            if self.counts {
                let instructions = before.and_then(|before| before.instructions);
                cells.extend([known(instructions), change(instructions, row.instructions)]);
            }
        }
        self.line(&cells);
        self.rows.push(row);
    }

    fn line(&mut self, cells: &[String]) {
        let line = format!("| {} |", cells.join(" | "));
        println!("{line}");
        self.table.push_str(&line);
        self.table.push('\n');
    }

    /// Writes the three files and returns their folder.
    pub(crate) fn write(&self) -> io::Result<PathBuf> {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
            |folder| Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
        );
        let folder = target.join("overhead");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("report.md"), &self.table)?;
        fs::write(folder.join("report.json"), serde_json::to_string_pretty(&self.rows)?)?;
        fs::write(folder.join("report.svg"), picture::svg(&self.rows))?;
        Ok(folder)
    }
}
