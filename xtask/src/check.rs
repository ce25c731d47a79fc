//! Everything that CI checks, cheapest first.

use std::path::Path;
use std::process::Command;

use crate::bench;
use crate::bench_e2e;
use crate::msrv;
use crate::readme_costs;
use crate::run::{cargo, cargo_with, root};
use crate::smoke;

/// Each feature alone must build: unification in the workspace hides a missing `cfg`.
const FEATURES: &[&str] = &[
    "aws-lc",
    "rust-crypto",
    "axum",
    "password",
    "bcrypt",
    "jwks",
    "redis",
    "metrics",
    "tls",
    "tonic",
];

pub(crate) fn check() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"])?;
    readme_costs::check()?;
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "-D",
        "warnings",
    ])?;
    cargo(&["test", "--workspace"])?;
    cargo(&["test", "--package", "portcullis", "--all-features"])?;
    cargo(&[
        "test",
        "--package",
        "portcullis",
        "--all-features",
        "--bench",
        "overhead",
        "--",
        "--test",
    ])?;
    // The crypto backends: the other one alone, and neither, which is a fault of the builder and not a panic.
    let jwt = ["test", "--package", "portcullis", "--no-default-features"];
    cargo(&[&jwt[..], &["--features", "rust-crypto", "--test", "jwt"]].concat())?;
    cargo(&[&jwt[..], &["--lib", "without_a_backend"]].concat())?;
    let library = ["check", "--package", "portcullis", "--lib", "--no-default-features"];
    cargo_with(&library, &[("RUSTFLAGS", "-D warnings")])?;
    for feature in FEATURES {
        let alone = [&library[..], &["--features", feature]].concat();
        cargo_with(&alone, &[("RUSTFLAGS", "-D warnings")])?;
    }
    cargo_with(
        &["doc", "--package", "portcullis", "--no-deps", "--all-features"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )?;
    smoke::quickstarts()?;
    msrv::check()?;
    deny()?;
    bench::smoke()?;
    bench_e2e::smoke(&["--smoke"])?;
    excluded("fuzz", &["build"])
}

fn deny() -> Result<(), String> {
    let installed = Command::new(env!("CARGO")).args(["deny", "--version"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        println!("\n== SKIPPED: cargo deny is not installed (cargo install --locked cargo-deny); CI runs it");
        return Ok(());
    }
    cargo(&["deny", "check", "bans", "licenses", "sources"])
}

/// Workspaces of their own rot unless something builds them.
fn excluded(folder: &str, arguments: &[&str]) -> Result<(), String> {
    let manifest = Path::new(root()).join(folder).join("Cargo.toml");
    let Some((verb, rest)) = arguments.split_first().filter(|_| manifest.exists()) else {
        return Ok(());
    };
    let manifest = format!("{folder}/Cargo.toml");
    cargo(&[&[*verb, "--manifest-path", &manifest], rest].concat())
}
