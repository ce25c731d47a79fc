//! What each layer costs, alone and beside the crates that do the same work.

use crate::readme_costs;
use crate::run::{cargo, cargo_output, cargo_with, target};

/// One run after the other: two at once would measure each other.
pub(crate) fn bench() -> Result<(), String> {
    let target = target();
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

/// That every case still does its work and still agrees with the others, each called once in an unoptimised build, and that the
/// README has them all. It shares the folder of the workspace's own builds, so that what both need, aws-lc above all, is compiled
/// once.
pub(crate) fn smoke() -> Result<(), String> {
    let peers = [
        "bench",
        "--manifest-path",
        "benches/peers/Cargo.toml",
        "--target-dir",
        "target",
    ];
    let printed = cargo_output(&[&peers[..], &["--profile", "dev", "--", "--test"]].concat())?;
    readme_costs::covers(&printed)
}
