//! The library's oldest Rust: checked by that toolchain where it is installed, by what every dependency declares elsewhere.

use std::collections::{HashMap, HashSet};
use std::process::Command;

use serde_json::Value;

use crate::run::{cargo_with, root};

pub(crate) fn check() -> Result<(), String> {
    let metadata = metadata()?;
    let packages = packages(&metadata);
    let own = packages
        .values()
        .find(|package| package["name"] == "portcullis")
        .ok_or("no package `portcullis`")?;
    let msrv = own["rust_version"]
        .as_str()
        .ok_or("portcullis declares no rust-version")?;
    println!("\n== MSRV {msrv}");
    declared(&metadata, &packages, own, msrv)?;
    let toolchain = format!("+{msrv}");
    let installed = Command::new("cargo").args([&toolchain, "--version"]).output();
    if installed.is_ok_and(|output| output.status.success()) {
        cargo_with(
            &["check", "--package", "portcullis", "--lib", "--all-features"],
            &[("RUSTUP_TOOLCHAIN", msrv)],
        )
    } else {
        println!(
            "toolchain {msrv} is not installed: checked what dependencies declare, and clippy's incompatible_msrv"
        );
        Ok(())
    }
}

/// No dependency of the library may declare a newer Rust than the library does.
fn declared(metadata: &Value, packages: &HashMap<&str, &Value>, own: &Value, msrv: &str) -> Result<(), String> {
    let nodes: HashMap<&str, &Value> = list(&metadata["resolve"]["nodes"])
        .filter_map(|node| Some((node["id"].as_str()?, node)))
        .collect();
    let mut waiting: Vec<&str> = own["id"].as_str().into_iter().collect();
    let mut seen = HashSet::new();
    let mut newer = Vec::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        if let Some(package) = packages.get(id)
            && package["rust_version"]
                .as_str()
                .is_some_and(|theirs| number(theirs) > number(msrv))
        {
            newer.push(format!("{} {}", package["name"], package["rust_version"]));
        }
        let Some(node) = nodes.get(id) else { continue };
        for dependency in list(&node["deps"]) {
            // `kind` is null for normal dependencies: tests and benches may ask for more.
            if list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null()) {
                waiting.extend(dependency["pkg"].as_str());
            }
        }
    }
    if newer.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "dependencies that need a newer Rust than {msrv}: {}",
            newer.join(", ")
        ))
    }
}

fn metadata() -> Result<Value, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--all-features", "--locked"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata: {error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn packages(metadata: &Value) -> HashMap<&str, &Value> {
    list(&metadata["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// `1.88` and `1.88.0` are the same.
fn number(version: &str) -> [u32; 3] {
    let mut parts = version.split('.').filter_map(|part| part.parse().ok());
    [(); 3].map(|()| parts.next().unwrap_or(0))
}
