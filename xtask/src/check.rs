//! Everything that CI checks, cheapest first.

use std::process::Command;

use crate::bench;
use crate::bench_e2e;
use crate::msrv;
use crate::readme_costs;
use crate::run::{cargo, cargo_with};
use crate::smoke;

/// Each feature alone must build: unification in the workspace hides a missing `cfg`.
const FEATURES: &[&str] = &[
    "aws-lc",
    "rust-crypto",
    "axum",
    "session",
    "lockout",
    "server",
    "password",
    "bcrypt",
    "key-sets",
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
    // What the blog sends to a collector and to Sentry, which the tests of the workspace leave out with the features.
    let telemetry = ["--features", "otel,sentry", "--test", "telemetry"];
    cargo(&[&["test", "--package", "blog"], &telemetry[..]].concat())?;
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
    // The corpus and mutations of it; for what was never seen there is `cargo fuzz`.
    cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])?;
    cargo(&["run", "--locked", "--manifest-path", "fuzz/Cargo.toml"])
}

fn deny() -> Result<(), String> {
    let installed = Command::new(env!("CARGO")).args(["deny", "--version"]).output();
    if !installed.is_ok_and(|output| output.status.success()) {
        println!("\n== SKIPPED: cargo deny is not installed (cargo install --locked cargo-deny); CI runs it");
        return Ok(());
    }
    cargo(&["deny", "check", "bans", "licenses", "sources"])
}
