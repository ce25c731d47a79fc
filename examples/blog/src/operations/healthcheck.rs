//! The blog asks itself whether it is ready, for `HEALTHCHECK` in an image without a shell or curl.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::{Admin, Config};

/// For each step: to connect, to send, for each part of the answer.
const DEADLINE: Duration = Duration::from_secs(3);
/// Nothing that answers for longer is the blog.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// Asks the blog that runs with the same settings whether it is ready. What it says is the value, or the error.
pub fn healthcheck(config: &Config) -> Result<String, String> {
    let (host, port) = match config.admin {
        Admin::On { host, port, .. } => (host, port),
        Admin::Off => (config.host, config.port),
    };
    if port == 0 {
        return Err("with port 0 nobody knows where the blog listens".into());
    }
    let address = SocketAddr::new(reachable(host), port);
    let answer = ask(address).map_err(|error| format!("{address}: {error}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1);
    match status {
        Some("200") => Ok(body.to_owned()),
        _ => Err(format!(
            "{address}: {} {body}",
            head.lines().next().unwrap_or("no answer")
        )),
    }
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whoever listens on all addresses is found on the loopback one.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    }
}
