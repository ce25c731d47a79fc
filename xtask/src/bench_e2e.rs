//! What a gate costs over loopback, beside other frameworks.

use std::path::Path;
use std::process::Command;

use crate::run::{cargo, root, target};

/// Each built by itself, as its users build it: together they would have each other's features.
const PACKAGES: [&str; 3] = ["e2e-tower", "e2e-actix", "e2e"];

/// The options are those of `benches/e2e/src/main.rs`.
pub(crate) fn bench_e2e(options: &[&str]) -> Result<(), String> {
    if options.contains(&"--smoke") {
        return smoke(options);
    }
    for package in PACKAGES {
        build(&["--release", "--package", package])?;
    }
    run("release", options)
}

/// Unoptimised and all at once. It shares the folder of the workspace's own builds, so that what both need is compiled once.
pub(crate) fn smoke(options: &[&str]) -> Result<(), String> {
    build(&["--workspace"])?;
    run("debug", options)
}

fn build(how: &[&str]) -> Result<(), String> {
    let target = target();
    let build = ["build", "--manifest-path", "benches/e2e/Cargo.toml", "--target-dir"];
    cargo(&[&build[..], &[&*target.to_string_lossy()], how].concat())
}

fn run(profile: &str, options: &[&str]) -> Result<(), String> {
    packages();
    let report = target().join("e2e");
    println!("\n== e2e {}", options.join(" "));
    let status = Command::new(target().join(profile).join("e2e"))
        .arg("--report")
        .arg(report)
        .args(options)
        .status()
        .map_err(|error| format!("e2e: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("e2e: {status}"))
    }
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
