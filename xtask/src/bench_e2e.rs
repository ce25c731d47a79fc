//! What a gate costs over loopback, beside other frameworks.

use std::path::Path;
use std::process::Command;

use crate::run::{cargo, root, target};

const MANIFEST: &str = "benches/e2e/Cargo.toml";
/// Each built by itself, as its users build it: together they would have each other's features.
const SERVERS: [&str; 2] = ["e2e-tower", "e2e-actix"];

/// The options are those of `benches/e2e/src/main.rs`.
pub(crate) fn bench_e2e(options: &[&str]) -> Result<(), String> {
    if options.contains(&"--smoke") {
        return smoke(options);
    }
    let release = ["--release"];
    build(&release)?;
    run(&release, options)
}

/// Unoptimised, in the folder of the workspace's own builds: what both need, aws-lc above all, is compiled once.
pub(crate) fn smoke(options: &[&str]) -> Result<(), String> {
    let shared = ["--target-dir", "target"];
    build(&shared)?;
    run(&shared, &[&["--smoke"], options].concat())
}

fn build(how: &[&str]) -> Result<(), String> {
    for server in SERVERS {
        cargo(&[&["build", "--manifest-path", MANIFEST, "--package", server], how].concat())?;
    }
    packages();
    Ok(())
}

fn run(how: &[&str], options: &[&str]) -> Result<(), String> {
    let driver = ["run", "--manifest-path", MANIFEST, "--package", "e2e"];
    let report = target().join("e2e");
    let report = ["--", "--report", &report.to_string_lossy()];
    cargo(&[&driver, how, &report, options].concat())
}

/// What Express and Fastify need, exactly as locked. Where that fails they are left out, which the bench says, too.
fn packages() {
    let folder = Path::new(root()).join("benches/e2e/node");
    let saved = |name: &str| {
        folder
            .join(name)
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    // What npm installed last, as it notes itself.
    if saved("node_modules/.package-lock.json") >= saved("package-lock.json") {
        return;
    }
    let line = "npm ci --no-audit --no-fund --ignore-scripts";
    println!("\n== {line}");
    let status = Command::new("npm")
        .args(line.split(' ').skip(1))
        .current_dir(&folder)
        .status();
    if !status.is_ok_and(|status| status.success()) {
        println!("== SKIPPED: no packages of Node");
    }
}
