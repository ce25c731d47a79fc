//! A Redis of the test's own, that may be killed.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::servers::skipped;

pub(crate) struct Redis {
    port: u16,
    server: Child,
}

impl Redis {
    /// `None`, and a loud word, where there is none to start.
    pub(crate) fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        match spawn(port) {
            Ok(server) => Some(Self { port, server }),
            Err(error) => {
                skipped(&format!("redis-server cannot be started ({error})"));
                None
            }
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    /// On the same port, with nothing in it.
    pub(crate) fn revive(&mut self) {
        self.server = spawn(self.port).unwrap();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Listens when this returns.
fn spawn(port: u16) -> std::io::Result<Child> {
    let settings = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"];
    let mut command = Command::new("redis-server");
    let mut server = command
        .args(settings)
        .arg(port.to_string())
        .stdout(Stdio::null())
        .spawn()?;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if let Some(status) = server.try_wait()? {
            return Err(std::io::Error::other(status.to_string()));
        }
        sleep(Duration::from_millis(10));
    }
    Ok(server)
}
