//! What `cargo add portcullis` adds to the build of an axum application: crates, and seconds of a processor in a cold build.
//!
//! Seconds of a processor, not of a clock: they do not depend on how many cores there are, and little on what else is built.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::run::{root, target};

/// The application alone, and what it depends on besides.
const VARIANTS: [(&str, &str); 6] = [
    (BASE, ""),
    (DEFAULT, r#"features = ["axum"]"#),
    (LESS, r#"default-features = false, features = ["axum"]"#),
    (
        "the same with `server`",
        r#"default-features = false, features = ["axum", "server"]"#,
    ),
    (
        "the same with `key-sets`, `lockout`, `server` and `session`",
        r#"default-features = false, features = ["axum", "key-sets", "lockout", "server", "session"]"#,
    ),
    (
        "rust-crypto instead",
        r#"default-features = false, features = ["axum", "rust-crypto"]"#,
    ),
];
const BASE: &str = "axum and tokio alone";
const DEFAULT: &str = "default features";
const LESS: &str = "less the crypto backend";
const BACKEND: &str = "the backend alone (aws-lc)";

/// Below which [`LESS`] should stay.
const CRATES: usize = 20;
const SECONDS: f64 = 15.0;
/// As many rows as tell where the time goes.
const TOP: usize = 15;
const ROUNDS: usize = 2;

/// Called by cargo in place of rustc: notes which package took how long. `times` tells of the shell first, then of its children.
const WRAPPER: &str = r#"#!/bin/sh
"$@" || exit
times > "$COMPILE_COST.$$"
{ read -r shell; read -r user system; } < "$COMPILE_COST.$$"
rm "$COMPILE_COST.$$"
echo "${CARGO_PKG_NAME:-rustc} $user $system" >> "$COMPILE_COST"
"#;

/// Seconds by package; the runs of build scripts, and cargo itself, are under [`SCRIPTS`].
type Seconds = BTreeMap<String, f64>;
const SCRIPTS: &str = "(build scripts, cargo)";

struct Cost {
    name: &'static str,
    crates: BTreeSet<String>,
    seconds: Seconds,
}

impl Cost {
    fn total(&self) -> f64 {
        self.seconds.values().sum()
    }

    /// Takes the lesser of both, for each package: whatever disturbs a build makes it longer.
    fn shorten(&mut self, seconds: Seconds) {
        for (package, seconds) in seconds {
            let known = self.seconds.entry(package).or_insert(seconds);
            *known = known.min(seconds);
        }
    }

    fn over(&self, base: &Self) -> (usize, f64) {
        (
            self.crates.difference(&base.crates).count(),
            self.total() - base.total(),
        )
    }
}

pub(crate) fn compile_cost() -> Result<(), String> {
    let folder = target().join("compile-cost");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let folder = folder.canonicalize().map_err(|error| error.to_string())?;
    let mut costs: Vec<Cost> = Vec::new();
    for round in 0..ROUNDS {
        for (place, (name, dependency)) in VARIANTS.into_iter().enumerate() {
            println!("\n== round {} of {ROUNDS}: {name}", round + 1);
            let cost = measure(&folder, name, dependency)?;
            println!("{:.1} s", cost.total());
            match costs.get_mut(place) {
                Some(known) => known.shorten(cost.seconds),
                None => costs.push(cost),
            }
        }
    }
    report(&folder, &costs)
}

fn measure(folder: &Path, name: &'static str, dependency: &str) -> Result<Cost, String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    let app = folder.join("app");
    let [build, log, wrapper] = ["build", "seconds.txt", "rustc.sh"].map(|name| folder.join(name));
    for old in [&app, &build] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(told)?;
        }
    }
    fs::create_dir_all(app.join("src")).map_err(told)?;
    fs::write(app.join("src/main.rs"), "fn main() {}\n").map_err(told)?;
    fs::write(app.join("Cargo.toml"), manifest(dependency)?).map_err(told)?;
    // The same versions, as far as it goes.
    fs::copy(Path::new(root()).join("Cargo.lock"), app.join("Cargo.lock")).map_err(told)?;
    fs::write(&log, "").map_err(told)?;
    fs::write(&wrapper, WRAPPER).map_err(told)?;
    let crates = crates(&app)?;
    let line = r#"chmod +x "$RUSTC_WRAPPER" && "$@" >&2 && times"#;
    let output = Command::new("sh")
        .args(["-c", line, "sh", env!("CARGO"), "build", "--quiet", "--jobs", "1"])
        .current_dir(&app)
        .env("CARGO_TARGET_DIR", &build)
        // A crate of the registry is not built incrementally.
        .env("CARGO_INCREMENTAL", "0")
        .env("RUSTC_WRAPPER", &wrapper)
        .env("COMPILE_COST", &log)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("sh: {error}"))?;
    let times = String::from_utf8_lossy(&output.stdout);
    let total = times.lines().nth(1).and_then(sum).filter(|_| output.status.success());
    let total = total.ok_or_else(|| format!("cargo build: {}: {times}", output.status))?;
    fs::remove_dir_all(&build).map_err(told)?;
    let mut seconds = Seconds::new();
    for line in fs::read_to_string(&log).map_err(told)?.lines() {
        let (package, times) = line.split_once(' ').ok_or(line)?;
        *seconds.entry(package.to_owned()).or_default() += sum(times).ok_or(line)?;
    }
    seconds.insert(SCRIPTS.to_owned(), total - seconds.values().sum::<f64>());
    Ok(Cost { name, crates, seconds })
}

/// A package and workspace of its own.
fn manifest(dependency: &str) -> Result<String, String> {
    let mut manifest = concat!(
        "[workspace]\n[package]\nname = \"app\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n",
        "[dependencies]\naxum = \"0.8\"\ntokio = { version = \"1\", features = [\"full\"] }\n"
    )
    .to_owned();
    if !dependency.is_empty() {
        let path = PathBuf::from(root())
            .canonicalize()
            .map_err(|error| error.to_string())?;
        let _ = writeln!(manifest, "portcullis = {{ path = '{}', {dependency} }}", path.display());
    }
    Ok(manifest)
}

/// What is compiled for this machine, the application left out.
fn crates(app: &Path) -> Result<BTreeSet<String>, String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--no-dedupe",
            "--format",
            "{p}",
        ])
        .current_dir(app)
        .output()
        .map_err(|error| format!("cargo tree: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    // A name and a version; what may follow is where it comes from.
    let package = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    Ok(lines.lines().skip(1).map(package).collect())
}

/// `1m2.500s 0m0.250s`, or the same with a decimal comma.
fn sum(times: &str) -> Option<f64> {
    let seconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s')?.split_once('m')?;
        let minutes: f64 = minutes.parse().ok()?;
        Some(minutes * 60.0 + seconds.replace(',', ".").parse::<f64>().ok()?)
    };
    times.split_whitespace().map(seconds).sum()
}

fn report(folder: &Path, costs: &[Cost]) -> Result<(), String> {
    let find = |name: &str| costs.iter().find(|cost| cost.name == name).ok_or(name.to_owned());
    let (base, default, less) = (find(BASE)?, find(DEFAULT)?, find(LESS)?);
    let mut rows: Vec<(&str, usize, f64)> = vec![(BASE, base.crates.len(), base.total())];
    for cost in costs.iter().filter(|cost| cost.name != BASE) {
        let (crates, seconds) = cost.over(base);
        rows.push((cost.name, crates, seconds));
        if cost.name == LESS {
            let (crates, seconds) = default.over(less);
            rows.push((BACKEND, crates, seconds));
        }
    }
    let mut text = String::from("| portcullis in an axum application | crates | CPU s | goal |\n|---|---:|---:|---|\n");
    for (name, crates, seconds) in &rows {
        let sign = if *name == BASE { "" } else { "+" };
        let goal = match (*name == LESS, *crates < CRATES && *seconds < SECONDS) {
            (false, _) => "",
            (true, true) => "under 20 and under 15: met",
            (true, false) => "under 20 and under 15: **missed**",
        };
        let _ = writeln!(text, "| {name} | {sign}{crates} | {sign}{seconds:.1} | {goal} |");
    }
    let added = added(base, less);
    let _ = writeln!(
        text,
        "\nWhere the seconds {LESS} go:\n\n| package | CPU s |\n|---|---:|"
    );
    for (package, seconds) in added.iter().take(TOP) {
        let _ = writeln!(text, "| {package} | {seconds:+.1} |");
    }
    let list = |cost: &Cost, base: &Cost| cost.crates.difference(&base.crates).cloned().collect::<Vec<_>>();
    let _ = writeln!(text, "\nCrates {LESS}: {}.", list(less, base).join(", "));
    let _ = writeln!(text, "\nCrates of the backend: {}.", list(default, less).join(", "));
    println!("\n{text}");
    let json = json!({
        "rows": rows.iter().map(|(name, crates, seconds)| json!({
            "name": name, "crates": crates, "cpu_seconds": tenths(*seconds),
        })).collect::<Vec<_>>(),
        "goal": { "name": LESS, "crates": CRATES, "cpu_seconds": SECONDS },
        "added": added.iter().map(|(package, seconds)| json!({
            "package": package, "cpu_seconds": tenths(*seconds),
        })).collect::<Vec<_>>(),
        "crates": list(less, base),
        "crates_of_the_backend": list(default, less),
    });
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::write(folder.join("report.md"), text).map_err(told)?;
    fs::write(folder.join("report.json"), format!("{json:#}")).map_err(told)?;
    println!("{}", folder.join("report.{md,json}").display());
    Ok(())
}

/// By package, the most expensive first. What the application has anyway may cost more with more features.
fn added(base: &Cost, cost: &Cost) -> Vec<(String, f64)> {
    let before = |package: &String| base.seconds.get(package).copied().unwrap_or_default();
    let seconds = cost.seconds.iter();
    let mut added: Vec<(String, f64)> = seconds
        .map(|(package, seconds)| (package.clone(), seconds - before(package)))
        .collect();
    added.sort_by(|one, other| other.1.total_cmp(&one.1));
    added
}

fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_as_shells_write_them() {
        let check = |times, seconds: Option<f64>| assert_eq!(sum(times), seconds, "{times}");
        check("0m1.500000s 0m0.250000s", Some(1.75));
        check("2m0.5s 1m1.0s", Some(181.5));
        check("0m1,5s 0m0,5s", Some(2.0));
        check("1.5 0.5", None);
        check("0m1.5s half", None);
    }

    #[test]
    fn each_package_counts_by_its_shortest_build() {
        let seconds = |times: [f64; 2]| Seconds::from([("axum".to_owned(), times[0]), ("hyper".to_owned(), times[1])]);
        let mut cost = Cost {
            name: "",
            crates: BTreeSet::new(),
            seconds: seconds([2.0, 5.0]),
        };
        cost.shorten(seconds([3.0, 4.0]));
        assert_eq!(cost.seconds, seconds([2.0, 4.0]));
    }

    #[test]
    fn what_is_added_is_more_than_the_base_and_most_first() {
        let cost = |packages: &[(&str, f64)]| Cost {
            name: "",
            crates: packages.iter().map(|(name, _)| format!("{name} v1.0.0")).collect(),
            seconds: packages
                .iter()
                .map(|(name, seconds)| ((*name).to_owned(), *seconds))
                .collect(),
        };
        let base = cost(&[("axum", 2.0), ("hyper", 4.0)]);
        let more = cost(&[("axum", 2.0), ("hyper", 5.0), ("uuid", 0.5), ("ipnet", 3.0)]);
        assert_eq!(more.over(&base), (2, 4.5));
        let added: Vec<(String, f64)> = added(&base, &more);
        let added: Vec<(&str, f64)> = added.iter().map(|(name, seconds)| (&**name, *seconds)).collect();
        assert_eq!(added, [("ipnet", 3.0), ("hyper", 1.0), ("uuid", 0.5), ("axum", 0.0)]);
    }
}
