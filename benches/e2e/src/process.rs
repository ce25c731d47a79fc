//! A server that runs, until it is dropped.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::servers::Server;

const PATIENCE: Duration = Duration::from_secs(15);
/// What `/proc` counts in, on every Linux that there is.
const TICK: Duration = Duration::from_millis(10);

pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Running {
    pub(crate) fn start(server: &Server, log: Option<&Path>, quota: Option<u32>) -> Result<Self, String> {
        let port = free_port().map_err(|error| format!("a free port: {error}"))?;
        let mut command = server.command();
        command
            .env("E2E_PORT", port.to_string())
            .env_remove("E2E_LOG")
            .env_remove("E2E_QUOTA");
        if let Some(log) = log {
            command.env("E2E_LOG", log);
        }
        if let Some(quota) = quota {
            command.env("E2E_QUOTA", quota.to_string());
        }
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("{command:?}: {error}"))?;
        let mut running = Self {
            child,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(running.address).is_err() {
            if let Ok(Some(status)) = running.child.try_wait() {
                return Err(format!("ended at once: {status}"));
            }
            if Instant::now() > deadline {
                return Err("does not listen".to_owned());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(running)
    }

    /// Resident memory in KiB, where `/proc` tells.
    pub(crate) fn memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// How long it has had a processor.
    pub(crate) fn busy(&self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The name before it may contain anything.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u32>().ok();
        Some(TICK * (ticks()? + ticks()?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // `taskset` has become the server: there is nothing below it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Free when it was asked for, which is enough here.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
