//! What a deployment may set about its database.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use blog_migration::PATIENCE_SECONDS;
use sea_orm::sqlx::mysql::MySqlConnectOptions;
use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{AssertSqlSafe, Executor};
use sea_orm::{ConnectOptions, DbBackend};

use crate::config::Secret;

/// Everything about the database. The defaults are those of `.env.example`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `DATABASE_URL`, where rows are written.
    pub url: Url,
    /// `DATABASE_REPLICA_URL`, from where lists and reports are read.
    pub replica: Option<Url>,
    /// `DATABASE_POOL`: connections that may be open, of each pool.
    pub connections: NonZeroU32,
    /// `DATABASE_ACQUIRE_SECONDS`: how long a request waits for one of them.
    pub acquire: Duration,
    /// `DATABASE_LOCK_SECONDS`: how long a statement waits for what another transaction holds.
    pub lock: Duration,
    /// `DATABASE_IDLE_SECONDS`: after which an unused one is closed.
    pub idle: Duration,
    /// `DATABASE_LIFETIME_SECONDS`: after which any is closed, so that a change of address or credentials is noticed.
    pub lifetime: Duration,
    /// `DATABASE_STATEMENTS`: prepared statements that each connection keeps.
    pub statements: usize,
    /// `DATABASE_WAIT_SECONDS`: how long the start waits for a database that is down.
    pub wait: Duration,
    /// `SLOW_STATEMENT_MS`: from when a statement is logged; 0 for every one.
    pub slow: Duration,
}

/// The address of a database; it may hold a password, and is never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    text: Secret,
    backend: DbBackend,
}

/// The embedded database `data/blog.sqlite`.
impl Default for Url {
    fn default() -> Self {
        Self {
            text: Secret::new("sqlite://data/blog.sqlite"),
            backend: DbBackend::Sqlite,
        }
    }
}

impl Url {
    /// Reads an address; the reason names no part of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        let (text, backend) = match scheme {
            "sqlite" if rest.contains(":memory:") || rest.contains("mode=memory") => {
                return Err("must be a file: each connection would have a memory of its own".into());
            }
            "sqlite" => (text.to_owned(), DbBackend::Sqlite),
            "mysql" | "mariadb" => (format!("mysql:{rest}"), DbBackend::MySql),
            "postgres" | "postgresql" => (format!("postgres:{rest}"), DbBackend::Postgres),
            _ => return Err("must begin with `sqlite:`, `mysql:`, `mariadb:` or `postgres:`".into()),
        };
        if backend != DbBackend::Sqlite && !rest.starts_with("//") {
            return Err("must have `//` after its scheme".into());
        }
        // Here, for the pool's own complaint would show the address with its password.
        let legible = match backend {
            DbBackend::MySql => text.parse::<MySqlConnectOptions>().is_ok(),
            DbBackend::Postgres => text.parse::<PgConnectOptions>().is_ok(),
            _ => true,
        };
        if !legible {
            return Err("is no address; in a password `@` is written `%40`, `/` `%2F`, `#` `%23` and `%` `%25`".into());
        }
        Ok(Self {
            text: Secret::new(text),
            backend,
        })
    }

    /// Which database it is.
    pub fn backend(&self) -> DbBackend {
        self.backend
    }

    /// What a person calls it; the address itself is never shown.
    pub(crate) fn kind(&self) -> &'static str {
        match self.backend {
            DbBackend::MySql => "MariaDB",
            DbBackend::Postgres => "PostgreSQL",
            _ => "SQLite",
        }
    }

    /// The file of an embedded database.
    pub fn file(&self) -> Option<&Path> {
        let path = self.text.expose().strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        Some(Path::new(path.split('?').next().unwrap_or(path)))
    }
}

/// Which connections are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To change rows. Of an embedded database there is one: its file has one writer at a time, and a queue before the pool is
    /// fairer than one behind the lock.
    Write,
    /// To read rows.
    Read,
    /// To change the schema, and then to be closed.
    Migrate,
}

impl Settings {
    /// For the pool of this purpose.
    pub(crate) fn options(&self, url: &Url, purpose: Purpose) -> ConnectOptions {
        let mut options = ConnectOptions::new(url.text.expose());
        let connections = match (purpose, url.backend) {
            (Purpose::Migrate, _) | (Purpose::Write, DbBackend::Sqlite) => 1,
            _ => self.connections.get(),
        };
        options
            .max_connections(connections)
            .acquire_timeout(self.acquire)
            // A server that has gone away is noticed before a request is given its connection; a ping for each would double
            // the way to it.
            .test_before_acquire_if_idle_for(Duration::from_secs(1))
            .sqlx_logging(false);
        if purpose == Purpose::Migrate {
            // It holds the lock: closed for its age, it would give it up.
            options.idle_timeout(None).max_lifetime(None);
        } else {
            options.idle_timeout(self.idle).max_lifetime(self.lifetime);
        }
        match url.backend {
            DbBackend::Sqlite => self.sqlite(&mut options, purpose),
            DbBackend::MySql => self.mariadb(&mut options, purpose),
            _ => self.postgres(&mut options, purpose),
        }
        options
    }

    fn sqlite(&self, options: &mut ConnectOptions, purpose: Purpose) {
        let statements = self.statements;
        let busy = self.patience(purpose);
        options.map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .create_if_missing(purpose == Purpose::Migrate)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .statement_cache_capacity(statements)
                .busy_timeout(busy)
                .foreign_keys(purpose != Purpose::Migrate);
            match purpose {
                Purpose::Read => sqlite.pragma("query_only", "ON"),
                Purpose::Write | Purpose::Migrate => sqlite,
            }
        });
    }

    /// How long a statement waits for a lock. By default `MariaDB` waits 50 s for that of a row and a day for that of a table, and
    /// `PostgreSQL` for ever: longer than any client.
    fn patience(&self, purpose: Purpose) -> Duration {
        match purpose {
            // Another process may migrate, too.
            Purpose::Migrate => Duration::from_secs(PATIENCE_SECONDS.into()),
            Purpose::Write | Purpose::Read => self.lock,
        }
    }

    fn mariadb(&self, options: &mut ConnectOptions, purpose: Purpose) {
        let seconds = self.patience(purpose).as_secs();
        options.map_sqlx_mysql_pool_opts(move |pool| {
            pool.after_connect(move |connection, _| {
                let set = format!("SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}");
                // The one part of it that is not written here is a number.
                Box::pin(async move { connection.execute(AssertSqlSafe(set)).await.map(drop) })
            })
        });
        let statements = self.statements;
        // As the columns are compared, so are the parameters.
        options.map_sqlx_mysql_opts(move |mysql| {
            mysql
                .charset("utf8mb4")
                .collation("utf8mb4_bin")
                .statement_cache_capacity(statements)
        });
    }

    fn postgres(&self, options: &mut ConnectOptions, purpose: Purpose) {
        let lock = format!("{}s", self.patience(purpose).as_secs());
        let statements = self.statements;
        options.map_sqlx_postgres_opts(move |postgres| {
            postgres
                .application_name("portcullis-blog")
                .options([("lock_timeout", &lock)])
                .statement_cache_capacity(statements)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |text: &str, expect: Option<DbBackend>| {
            assert_eq!(Url::parse(text).ok().map(|url| url.backend()), expect, "{text}");
        };
        check("sqlite://data/blog.sqlite", Some(DbBackend::Sqlite));
        check("sqlite:blog.sqlite?mode=rwc", Some(DbBackend::Sqlite));
        check("mysql://root@localhost/blog", Some(DbBackend::MySql));
        check("mariadb://root@localhost/blog", Some(DbBackend::MySql));
        check("postgres://localhost/blog", Some(DbBackend::Postgres));
        check("postgresql://localhost/blog", Some(DbBackend::Postgres));
        check("sqlite::memory:", None);
        check("sqlite://x?mode=memory", None);
        check("mysql:localhost", None);
        check("mysql://root:p%40%2F%23%25@localhost:3306/blog", Some(DbBackend::MySql));
        check("mysql://root:hun/ter2@localhost/blog", None);
        check("postgres://u:hun/ter2@localhost/blog", None);
        check("postgres://u:hunter2@localhost:port/blog", None);
        check("oracle://localhost", None);
        check("blog.sqlite", None);
        check("", None);
    }

    #[test]
    fn an_address_names_its_file_and_hides_its_password() {
        let file = |text: &str| Url::parse(text).unwrap().file().map(|path| path.display().to_string());
        assert_eq!(file("sqlite://data/blog.sqlite").as_deref(), Some("data/blog.sqlite"));
        assert_eq!(
            file("sqlite:///var/blog.sqlite?mode=rwc").as_deref(),
            Some("/var/blog.sqlite")
        );
        assert_eq!(file("postgres://u:hunter2@localhost/blog"), None);
        for text in [
            "postgres://u:hunter2@localhost/blog",
            "postgres://u:hunter2@localhost:port/blog",
            "mysql://u:hunter2/@localhost/blog",
        ] {
            assert!(!format!("{:?}", Url::parse(text)).contains("hunter2"), "{text}");
        }
    }
}
