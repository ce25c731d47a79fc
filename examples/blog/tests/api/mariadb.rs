//! A MariaDB of a test's own, which may be stopped and killed.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sea_orm::{ConnectionTrait, Database};

use crate::process::folder;
use crate::servers::{server, skipped};

pub(crate) struct MariaDb {
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl MariaDb {
    /// Running, with an empty database `blog`. None where the programs are missing.
    pub(crate) async fn start() -> Option<Self> {
        server("TEST_MYSQL_URL", "no MariaDB is stopped and killed")?;
        let folder = folder();
        let installed = Command::new("mariadb-install-db")
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                "--user=root",
            ])
            .arg(format!("--datadir={}", folder.join("data").display()))
            .stdout(Stdio::null())
            .status();
        if !installed.is_ok_and(|status| status.success()) {
            skipped("`mariadb-install-db` does not work here, so that no MariaDB is stopped and killed");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self {
            folder,
            port,
            server: None,
        };
        server.start_again().await;
        let db = Database::connect(server.url("mysql")).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "the statement is ours")]
        db.execute_unprepared("CREATE DATABASE blog").await.unwrap();
        db.close().await.unwrap();
        Some(server)
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    /// On the same files; returns once it answers.
    pub(crate) async fn start_again(&mut self) {
        let of = |option: &str, name: &str| format!("--{option}={}", self.folder.join(name).display());
        let child = Command::new("mariadbd")
            .args([
                "--no-defaults",
                "--user=root",
                "--bind-address=127.0.0.1",
                "--skip-log-bin",
                "--skip-name-resolve",
            ])
            .args([
                "--innodb-buffer-pool-size=32M",
                "--innodb-log-file-size=16M",
                "--performance-schema=OFF",
            ])
            .args([of("datadir", "data"), of("socket", "socket"), of("log-error", "log")])
            .arg(format!("--port={}", self.port))
            .spawn()
            .unwrap();
        self.server = Some(child);
        for _ in 0..300 {
            if let Ok(db) = Database::connect(self.url("mysql")).await {
                db.close().await.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "MariaDB does not start: {}",
            std::fs::read_to_string(self.folder.join("log")).unwrap()
        );
    }

    /// As a machine that loses its power.
    pub(crate) fn kill(&mut self) {
        let mut server = self.server.take().unwrap();
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// As its administrator does it.
    pub(crate) fn stop(&mut self) {
        let mut server = self.server.take().unwrap();
        let told = Command::new("kill").arg(server.id().to_string()).status().unwrap();
        assert!(told.success());
        server.wait().unwrap();
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.kill();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
