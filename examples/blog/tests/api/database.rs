//! A database a test: a file, or one of its own at the server that `BLOG_TEST_SERVER` names.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database};

pub(crate) struct TestDatabase {
    name: String,
    /// Where the server lets databases be made and dropped; none for a file.
    server: Option<String>,
    folder: PathBuf,
}

impl TestDatabase {
    pub(crate) fn create() -> Self {
        Self::at(std::env::var("BLOG_TEST_SERVER").ok().filter(|url| !url.is_empty()))
    }

    /// At this server.
    pub(crate) fn at(server: Option<String>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("blog_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let database = Self {
            folder: std::env::temp_dir().join(&name),
            server,
            name,
        };
        std::fs::create_dir_all(&database.folder).unwrap();
        database.tell("CREATE DATABASE");
        database
    }

    /// For what of a test is kept in files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn url(&self) -> String {
        match &self.server {
            None => format!("sqlite://{}/blog.sqlite", self.folder.display()),
            Some(server) => {
                let (server, _) = server.rsplit_once('/').unwrap();
                format!("{server}/{}", self.name)
            }
        }
    }

    /// On a thread and a runtime of its own, since it is also told at the end of a test.
    fn tell(&self, what: &str) {
        let Some(server) = self.server.clone() else {
            return;
        };
        // A pool that is still closing would be in the way.
        let force = if what.starts_with("DROP") && server.starts_with("postgres") {
            " WITH (FORCE)"
        } else {
            ""
        };
        let statement = format!("{what} {}{force}", self.name);
        let told = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let db = Database::connect(&server).await.unwrap();
                #[expect(clippy::disallowed_methods, reason = "the name is ours")]
                db.execute_unprepared(&statement).await.unwrap();
                db.close().await.unwrap();
            });
        });
        told.join().unwrap();
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        self.tell("DROP DATABASE");
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
