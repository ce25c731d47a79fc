//! What each layer costs, alone and beside the crates that do the same work.

use std::path::{Path, PathBuf};

use crate::run::{cargo, cargo_with, root};

/// One run after the other: two at once would measure each other.
pub(crate) fn bench() -> Result<(), String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| Path::new(root()).join("target"), PathBuf::from);
    let overhead = [
        "bench",
        "--package",
        "portcullis",
        "--all-features",
        "--bench",
        "overhead",
    ];
    cargo(&overhead)?;
    let peers = target.join("peers");
    cargo_with(
        &["bench", "--manifest-path", "benches/peers/Cargo.toml"],
        &[("PEERS_REPORT", &peers.to_string_lossy())],
    )?;
    println!("\n== {}", target.join("overhead/report.{md,json,svg}").display());
    println!("== {}", peers.join("report.{md,json}").display());
    Ok(())
}

/// That every case still does its work and still agrees with the others, each called once in an unoptimised build. It shares the
/// folder of the workspace's own builds, so that what both need, aws-lc above all, is compiled once.
pub(crate) fn smoke() -> Result<(), String> {
    let peers = [
        "bench",
        "--manifest-path",
        "benches/peers/Cargo.toml",
        "--target-dir",
        "target",
    ];
    cargo(&[&peers[..], &["--profile", "dev", "--", "--test"]].concat())
}
