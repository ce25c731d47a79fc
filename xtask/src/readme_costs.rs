//! The README's table of costs, from what `cargo xtask bench` has measured.
//!
//! `benches/peers/report.json` keeps the run that the README shows. CI measures nothing: it compares the README with that file, and
//! the cases in that file with those of the bench.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::run::{root, target};

const BEGIN: &str = "<!-- costs: `cargo xtask readme-costs` writes what is below -->\n";
const END: &str = "<!-- end of costs -->\n";
/// How the bench calls a path of our own that another is measured against.
const OWN: &str = "its own ";

/// Takes the last run over into the kept file and the README.
pub(crate) fn write() -> Result<(), String> {
    let report = target().join("peers/report.json");
    if !report.exists() {
        return Err(format!("no {}: `cargo xtask bench` measures it", report.display()));
    }
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let run = json!({ "date": day(&report)?, "cores": cores, "rows": parse(&report)? });
    save(&kept(), &format!("{run:#}\n"))?;
    let readme = fs::read_to_string(readme()).map_err(|error| error.to_string())?;
    let (before, _, after) = parts(&readme)?;
    save(&self::readme(), &[before, &table(&run)?, after].concat())
}

/// Fails where the README does not show the kept run.
pub(crate) fn check() -> Result<(), String> {
    println!("\n== the README's costs");
    let readme = fs::read_to_string(readme()).map_err(|error| error.to_string())?;
    let (_, shown, _) = parts(&readme)?;
    if shown == table(&parse(&kept())?)? {
        return Ok(());
    }
    Err(format!(
        "the README's costs are not those of {}: `cargo xtask readme-costs`",
        kept().display()
    ))
}

/// Fails where the bench has other cases than the README. `output` is what the bench prints when it only checks them.
pub(crate) fn covers(output: &str) -> Result<(), String> {
    compare(output, &parse(&kept())?)
}

fn compare(output: &str, run: &Value) -> Result<(), String> {
    let cases = output.lines().filter_map(|line| line.strip_suffix(": ok"));
    let cases: BTreeSet<String> = cases.map(str::to_owned).collect();
    let shown = rows(run)?.into_iter().map(|row| format!("{}: {}", row.name, row.path));
    let shown: BTreeSet<String> = shown.collect();
    if cases == shown {
        return Ok(());
    }
    let list = |set: Vec<&String>| set.into_iter().flat_map(|case| ["\n  ", case]).collect::<String>();
    Err(format!(
        "the README's costs are of other cases than the bench: `cargo xtask bench && cargo xtask readme-costs`\n\
         only in the bench:{}\nonly in the README:{}",
        list(cases.difference(&shown).collect()),
        list(shown.difference(&cases).collect()),
    ))
}

struct Row<'a> {
    name: &'a str,
    path: &'a str,
    rival: &'a str,
    ns: f64,
    rival_ns: f64,
    allocations: f64,
    rival_allocations: f64,
}

fn rows(run: &Value) -> Result<Vec<Row<'_>>, String> {
    let rows = run["rows"].as_array().ok_or("no rows")?;
    let row = |value| row(value).ok_or_else(|| format!("no row of the bench: {value}"));
    rows.iter().map(row).collect()
}

fn row(value: &Value) -> Option<Row<'_>> {
    Some(Row {
        name: value["name"].as_str()?,
        path: value["path"].as_str()?,
        rival: value["rival"].as_str()?,
        ns: value["ns"].as_f64()?,
        rival_ns: value["rival_ns"].as_f64()?,
        allocations: value["allocations"].as_f64()?,
        rival_allocations: value["rival_allocations"].as_f64()?,
    })
}

/// Each case beside whoever is the fastest of its rivals, all cases of a layer together.
fn table(run: &Value) -> Result<String, String> {
    let mut shown: Vec<Row<'_>> = Vec::new();
    for row in rows(run)?.into_iter().filter(|row| !row.rival.starts_with(OWN)) {
        let known = shown
            .iter_mut()
            .find(|known| (known.name, known.path) == (row.name, row.path));
        match known {
            Some(known) if known.rival_ns <= row.rival_ns => {}
            Some(known) => *known = row,
            None => shown.push(row),
        }
    }
    let layers: Vec<&str> = shown.iter().map(|row| row.name).collect();
    shown.sort_by_key(|row| layers.iter().position(|name| *name == row.name));
    let mut text = format!(
        "Measured {} on {} cores by `cargo xtask bench`: medians, each beside the fastest of its rivals.\n\n\
         | layer | path | ns | allocations | beside | ns | allocations |\n|---|---|---:|---:|---|---:|---:|\n",
        run["date"].as_str().ok_or("no date")?,
        run["cores"],
    );
    for row in shown {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            row.name, row.path, row.ns, row.allocations, row.rival, row.rival_ns, row.rival_allocations
        );
    }
    text.push('\n');
    Ok(text)
}

/// What is before the table, the table, and the rest.
fn parts(readme: &str) -> Result<(&str, &str, &str), String> {
    let places = [BEGIN, END].map(|marker| readme.find(marker));
    let [Some(begin), Some(end)] = places else {
        return Err(format!("the README lacks {BEGIN}{END}"));
    };
    let begin = begin + BEGIN.len();
    let shown = readme
        .get(begin..end)
        .ok_or("the README ends its costs before they begin")?;
    Ok((&readme[..begin], shown, &readme[end..]))
}

/// When the bench was run.
fn day(report: &Path) -> Result<String, String> {
    let output = Command::new("date").args(["-u", "+%F", "-r"]).arg(report).output();
    let output = output.map_err(|error| format!("date: {error}"))?;
    if !output.status.success() {
        return Err(format!("date: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn parse(path: &Path) -> Result<Value, String> {
    let told = |error: &dyn std::error::Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| told(&error))?;
    serde_json::from_str(&text).map_err(|error| told(&error))
}

fn save(path: &Path, text: &str) -> Result<(), String> {
    println!("{}", path.strip_prefix(root()).unwrap_or(path).display());
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

fn kept() -> PathBuf {
    Path::new(root()).join("benches/peers/report.json")
}

fn readme() -> PathBuf {
    Path::new(root()).join("README.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Value {
        let row = |name, path, rival, ns, rival_ns| {
            json!({
                "name": name, "path": path, "rival": rival, "ns": ns, "rival_ns": rival_ns,
                "allocations": 0.0, "rival_allocations": 9.2,
            })
        };
        let rows = [
            row("cors", "GET", "slow", 132.0, 446.0),
            row("cors", "GET", "fast", 132.0, 400.0),
            row("jwt", "HS256", "slow", 1103.0, 2371.0),
            row("cors", "preflight", "fast", 221.0, 367.0),
            row("cors", "preflight", "its own GET", 221.0, 131.0),
        ];
        json!({ "date": "2026-11-25", "cores": 2, "rows": rows })
    }

    #[test]
    fn the_table_has_each_case_once_beside_the_fastest_other() {
        let table = table(&run()).expect("rows as the bench writes them");
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(
            rows,
            [
                "| `cors` | GET | 132 | 0 | fast | 400 | 9.2 |",
                "| `cors` | preflight | 221 | 0 | fast | 367 | 9.2 |",
                "| `jwt` | HS256 | 1103 | 0 | slow | 2371 | 9.2 |",
            ]
        );
    }

    #[test]
    fn the_bench_and_the_readme_have_the_same_cases() {
        let check = |cases: &[&str], complaint: &[&str]| {
            let output: String = cases.iter().flat_map(|case| [*case, ": ok\n"]).collect();
            match compare(&output, &run()) {
                Ok(()) => assert!(complaint.is_empty(), "{cases:?}"),
                Err(reason) => {
                    let named: Vec<&str> = reason.lines().filter_map(|line| line.strip_prefix("  ")).collect();
                    assert_eq!(named, complaint, "{reason}");
                }
            }
        };
        check(&["cors: GET", "cors: preflight", "jwt: HS256"], &[]);
        check(&["cors: GET", "cors: preflight"], &["jwt: HS256"]);
        check(
            &["cors: GET", "cors: preflight", "jwt: HS256", "csrf: POST"],
            &["csrf: POST"],
        );
        check(
            &["cors: GET", "cors: preflight", "jwt: RS256"],
            &["jwt: RS256", "jwt: HS256"],
        );
        check(&[], &["cors: GET", "cors: preflight", "jwt: HS256"]);
    }

    #[test]
    fn a_run_without_a_day_is_no_run() {
        assert!(day(&readme()).is_ok_and(|day| day.len() == "2026-11-25".len()));
        assert!(day(Path::new("/no/such/report")).is_err());
    }

    #[test]
    fn the_table_is_between_its_markers() {
        let readme = format!("a\n{BEGIN}b\n{END}c\n");
        let (before, shown, after) = parts(&readme).expect("both markers");
        assert_eq!(
            (before, shown, after),
            (&*format!("a\n{BEGIN}"), "b\n", &*format!("{END}c\n"))
        );
        for broken in [format!("{BEGIN}b"), format!("b{END}"), format!("{END}b{BEGIN}")] {
            assert!(parts(&broken).is_err(), "{broken}");
        }
    }
}
