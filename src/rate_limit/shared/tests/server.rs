//! Servers to test on.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use uuid::Uuid;

/// Not `eprintln`: the test harness swallows what a test prints that passes.
fn skipped(why: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {why}").unwrap();
}

/// A connection to the Redis of `TEST_REDIS_URL`, and a prefix that nobody else has.
pub(super) async fn shared() -> Option<(ConnectionManager, String)> {
    let Ok(url) = std::env::var("TEST_REDIS_URL") else {
        skipped("TEST_REDIS_URL is not set");
        return None;
    };
    let client = redis::Client::open(url).unwrap();
    let connection = ConnectionManager::new_with_config(client, eager()).await;
    let prefix = format!("portcullis-test:{}:", Uuid::new_v4().simple());
    Some((connection.expect("TEST_REDIS_URL answers"), prefix))
}

/// It comes back within a test, however often it was tried in vain, and leaves deadlines to the store.
fn eager() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_max_delay(Duration::from_millis(50))
        .set_number_of_retries(100)
        .set_response_timeout(Some(Duration::from_secs(60)))
}

pub(super) async fn keys(connection: &mut ConnectionManager, pattern: &str) -> Vec<String> {
    let mut command = redis::cmd("KEYS");
    command.arg(pattern);
    command.query_async(connection).await.unwrap()
}

/// Leaves nothing behind, and asserts on the way that nothing would have stayed for ever.
pub(super) async fn clean(connection: &mut ConnectionManager, prefix: &str) {
    for key in keys(connection, &format!("*{prefix}*")).await {
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(connection).await.unwrap();
        // It may have lapsed since.
        assert!(left != -1, "{key} stays for ever");
        let _: () = redis::cmd("DEL").arg(&key).query_async(connection).await.unwrap();
    }
}

/// A Redis that belongs to one test and dies with it.
pub(super) struct Private {
    port: u16,
    server: Child,
}

impl Private {
    pub(super) fn start(more: &[&str]) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        match Self::spawn(port, more) {
            Ok(server) => Some(Self { port, server }),
            Err(error) => {
                skipped(&format!("redis-server cannot be started ({error})"));
                None
            }
        }
    }

    fn spawn(port: u16, more: &[&str]) -> std::io::Result<Child> {
        let port = port.to_string();
        Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--port",
                &port,
            ])
            .args(more)
            .stdout(Stdio::null())
            .spawn()
    }

    pub(super) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    pub(super) fn restart(&mut self) {
        self.server = Self::spawn(self.port, &[]).unwrap();
    }

    pub(super) async fn connection(&self) -> ConnectionManager {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/", self.port)).unwrap();
        ConnectionManager::new_with_config(client, eager()).await.unwrap()
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
