//! Servers to test on, here and in the tests of all that keep something in Redis.

use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, Pipeline, RedisFuture, Value};

#[allow(
    clippy::explicit_write,
    reason = "the test harness swallows what a test prints that passes"
)]
pub(crate) fn skipped(why: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {why}").unwrap();
}

/// What no other test and no other run has.
fn unique() -> u64 {
    RandomState::new().hash_one(())
}

/// A connection to the Redis of `TEST_REDIS_URL`, and a prefix that nobody else has.
pub(crate) async fn shared() -> Option<(ConnectionManager, String)> {
    let Some(url) = std::env::var("TEST_REDIS_URL").ok().filter(|url| !url.is_empty()) else {
        skipped("TEST_REDIS_URL is not set");
        return None;
    };
    let client = redis::Client::open(url).unwrap();
    let connection = ConnectionManager::new_with_config(client, unhurried()).await;
    let prefix = format!("portcullis-test:{}:", unique());
    Some((connection.expect("TEST_REDIS_URL answers"), prefix))
}

/// It comes back within a test, however often it was tried in vain.
pub(crate) fn eager() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_max_delay(Duration::from_millis(50))
        .set_number_of_retries(100)
}

/// And leaves deadlines to the store.
pub(crate) fn unhurried() -> ConnectionManagerConfig {
    eager().set_response_timeout(Some(Duration::from_secs(60)))
}

pub(crate) async fn keys(connection: &mut ConnectionManager, pattern: &str) -> Vec<String> {
    let mut command = redis::cmd("KEYS");
    command.arg(pattern);
    command.query_async(connection).await.unwrap()
}

/// Leaves nothing behind, and asserts on the way that nothing would have stayed for ever.
pub(crate) async fn clean(connection: &mut ConnectionManager, prefix: &str) {
    for key in keys(connection, &format!("*{prefix}*")).await {
        let left: i64 = redis::cmd("PTTL").arg(&key).query_async(connection).await.unwrap();
        // It may have lapsed since.
        assert!(left != -1, "{key} stays for ever");
        let _: () = redis::cmd("DEL").arg(&key).query_async(connection).await.unwrap();
    }
}

/// A Redis that belongs to one test and dies with it.
pub(crate) struct Private {
    port: u16,
    server: Child,
}

impl Private {
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    fn start_with(more: &[&str]) -> Option<Self> {
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

    pub(crate) fn kill(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.server = Self::spawn(self.port, &[]).unwrap();
    }

    pub(crate) async fn connection(&self, config: ConnectionManagerConfig) -> ConnectionManager {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}/", self.port)).unwrap();
        ConnectionManager::new_with_config(client, config).await.unwrap()
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A node of a cluster with all slots, which refuses whatever would need two of them.
pub(crate) struct Node {
    server: Private,
    folder: PathBuf,
}

impl Node {
    pub(crate) async fn start() -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("portcullis-node-{}", unique()));
        std::fs::create_dir_all(&folder).unwrap();
        let alone = ["--cluster-enabled", "yes", "--dir", folder.to_str().unwrap()];
        let server = Private::start_with(&alone)?;
        let mut connection = server.connection(eager()).await;
        for slots in 0..16 {
            let mut command = redis::cmd("CLUSTER");
            command
                .arg("ADDSLOTS")
                .arg((slots * 1024..(slots + 1) * 1024).collect::<Vec<_>>());
            let _: () = command.query_async(&mut connection).await.unwrap();
        }
        let mut state = redis::cmd("CLUSTER");
        state.arg("INFO");
        while !state
            .query_async::<String>(&mut connection)
            .await
            .unwrap()
            .contains("cluster_state:ok")
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(Self { server, folder })
    }

    pub(crate) async fn connection(&self) -> ConnectionManager {
        self.server.connection(eager()).await
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.server.kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Counts what is written and waited for.
#[derive(Clone)]
pub(crate) struct RoundTrips {
    connection: ConnectionManager,
    made: Arc<AtomicUsize>,
}

impl RoundTrips {
    pub(crate) fn of(connection: &ConnectionManager) -> Self {
        Self {
            connection: connection.clone(),
            made: Arc::default(),
        }
    }

    /// Since it was asked last.
    pub(crate) fn taken(&self) -> usize {
        self.made.swap(0, Ordering::Relaxed)
    }
}

impl ConnectionLike for RoundTrips {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.connection.req_packed_command(command)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.connection.req_packed_commands(pipeline, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.connection.get_db()
    }
}
