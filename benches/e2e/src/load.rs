//! The load: `wrk`, which takes a little less of a processor for a request than bare axum does, and less still than a gate.
//!
//! It asks again as soon as it is answered, over all connections at once: what it calls latency is mostly the wait behind the others.

use std::net::SocketAddr;

use e2e_contract::ORIGIN;
use serde::Deserialize;

use crate::servers::{LOAD_CORE, pinned, works};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/load.lua");

/// Times in microseconds.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) duration: u64,
    refused: u64,
    broken: u64,
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
}

pub(crate) fn ready() -> Result<(), String> {
    if works("wrk") {
        return Ok(());
    }
    Err("== SKIPPED: no load without `wrk`: apt install wrk, brew install wrk, or https://github.com/wg/wrk".to_owned())
}

/// Fails where anything but 2xx is answered.
pub(crate) fn load(
    address: SocketAddr,
    path: &str,
    token: &str,
    connections: usize,
    seconds: u32,
) -> Result<Load, String> {
    let mut command = pinned(LOAD_CORE, "wrk");
    command
        .args(["--threads", "1", "--connections", &connections.to_string()])
        .args([
            "--duration",
            &format!("{seconds}s"),
            "--timeout",
            "10s",
            "--script",
            SCRIPT,
        ])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--header", &format!("Origin: {ORIGIN}")])
        .args(["--header", "Accept: application/json"])
        .args(["--header", "Accept-Encoding: gzip, deflate, br"])
        .args(["--header", "Accept-Language: en-US,en;q=0.5"])
        .args([
            "--header",
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ])
        .arg(format!("http://{address}{path}"));
    let output = command.output().map_err(|error| format!("wrk: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with('{'));
    let line = line.ok_or_else(|| format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    let load: Load = serde_json::from_str(line).map_err(|error| format!("wrk: {line}: {error}"))?;
    if load.refused + load.broken > 0 || load.requests == 0 {
        return Err(format!("not all requests were answered with 200: {line}"));
    }
    Ok(load)
}
