//! What handlers share, and how it is opened and closed.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use portcullis::ConfigError;
use portcullis::fields::Fields;
use portcullis::lockout::Lockout;
use portcullis::password::Passwords;
use portcullis::session::{RefreshCookie, Sessions, StoreFailure};
use redis::aio::ConnectionManager;
use sea_orm::DbErr;

use blog_entity::{Actor, Context};

use crate::auth::tokens::{SESSION_DAYS, Tokens};
use crate::config::{Config, Secret, Stage};
use crate::database::cache::QueryCache;
use crate::database::migrate::{self, Direction};
use crate::database::{Db, fault};
use crate::health::probe::Probe;
use crate::metrics::Metrics;
use crate::page::Page;
use crate::tags::dto::TagView;
use crate::users::dto::UserView;
use crate::{private, seed, users};

/// What handlers share. Cloning costs a few reference counts.
#[derive(Clone)]
pub struct AppState {
    config: Arc<Config>,
    db: Db,
    redis: Option<ConnectionManager>,
    passwords: Passwords,
    lockout: Lockout,
    tokens: Tokens,
    sessions: Sessions,
    refresh_cookie: RefreshCookie,
    user_fields: Fields<UserView>,
    public_tags: QueryCache<Page, (Vec<TagView>, u64)>,
    probe: Probe,
    metrics: Metrics,
}

/// An account that the development seed made, printed at start.
#[derive(Debug, Clone, Copy)]
pub struct SeededAccount {
    /// The email to log in with.
    pub email: &'static str,
    /// The password, known to everyone: never outside development.
    pub password: &'static str,
    /// The role.
    pub role: &'static str,
}

impl AppState {
    /// Opens the database, brings its schema up to date, and in development seeds it.
    pub async fn open(config: Config) -> portcullis::Result<(Self, Vec<SeededAccount>)> {
        // In boxes, or the futures in futures are too deep for the compiler of a release.
        Box::pin(migrate::run(&config.database, Direction::Up)).await?;
        let db = Db::open(config.database.clone()).await.map_err(fault::told)?;
        let secret = match &config.jwt_secret {
            Some(secret) => secret.clone(),
            None => development_secret(&config.data_dir).await?,
        };
        let redis = redis(&config).await?;
        let state = Self {
            probe: Probe::new(db.clone(), redis.clone()),
            metrics: Metrics::new()?,
            db,
            passwords: Passwords::builder().build()?,
            lockout: lockout(redis.as_ref())?,
            tokens: Tokens::new(&secret)?,
            sessions: sessions(redis.as_ref())?,
            redis,
            user_fields: users::dto::fields()?,
            public_tags: QueryCache::new("public tags", 1000),
            // In development the page is served over plain HTTP.
            refresh_cookie: match config.stage {
                Stage::Development => RefreshCookie::insecure_for_localhost(),
                Stage::Staging | Stage::Production => RefreshCookie::new(),
            },
            config: Arc::new(config),
        };
        let seeded = if state.config.stage == Stage::Development {
            let context = state.context(Actor::System("seed"), None);
            Box::pin(context.scope(seed::run(&state.db))).await?
        } else {
            Vec::new()
        };
        Ok((state, seeded))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Closes the database; `SQLite` then folds its write-ahead log into the file.
    pub async fn close(self) -> Result<(), DbErr> {
        self.db.close().await
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The tags as everybody sees them: to count them takes a look at every post.
    pub(crate) fn public_tags(&self) -> &QueryCache<Page, (Vec<TagView>, u64)> {
        &self.public_tags
    }

    /// Who asks whether the database answers.
    pub(crate) fn probe(&self) -> &Probe {
        &self.probe
    }

    /// The database behind all stores.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// In whose name rows are saved.
    pub(crate) fn context(&self, actor: Actor, request_id: Option<String>) -> Context {
        Context::new(actor, request_id, self.passwords.clone())
    }

    /// What processes of this blog share, where it is configured.
    pub(crate) fn redis(&self) -> Option<&ConnectionManager> {
        self.redis.as_ref()
    }

    pub(crate) fn lockout(&self) -> &Lockout {
        &self.lockout
    }

    /// Who hashes and verifies.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Who sees what of a user.
    pub(crate) fn user_fields(&self) -> &Fields<UserView> {
        &self.user_fields
    }
}

/// For the extractor of the same name.
impl FromRef<AppState> for RefreshCookie {
    fn from_ref(state: &AppState) -> Self {
        state.refresh_cookie.clone()
    }
}

async fn redis(config: &Config) -> portcullis::Result<Option<ConnectionManager>> {
    let Some(url) = &config.redis_url else {
        return Ok(None);
    };
    Ok(Some(redis::Client::open(url.expose())?.get_connection_manager().await?))
}

/// In Redis, where one is configured: then a logout in one process is seen by all.
fn sessions(redis: Option<&ConnectionManager>) -> Result<Sessions, ConfigError> {
    // While Redis is down nobody can tell who has signed out: better none than those.
    let builder = Sessions::builder()
        .absolute(Duration::from_hours(24 * u64::from(SESSION_DAYS)))
        .on_store_failure(StoreFailure::Refuse);
    match redis {
        Some(connection) => builder.redis(connection.clone(), "blog").build(),
        None => builder.memory().build(),
    }
}

/// 5 failures of an account from an address, 100 of an address a day.
fn lockout(redis: Option<&ConnectionManager>) -> Result<Lockout, ConfigError> {
    match redis {
        Some(connection) => Lockout::builder().redis(connection.clone(), "blog:lockout").build(),
        None => Lockout::builder().build(),
    }
}

/// A secret of this checkout, kept so that a restart does not end everybody's session.
async fn development_secret(data_dir: &Path) -> portcullis::Result<Secret> {
    let path = data_dir.join("development-secret");
    if let Ok(text) = tokio::fs::read_to_string(&path).await
        && text.trim().len() >= 32
    {
        return Ok(Secret::new(text.trim()));
    }
    // Each UUIDv7 brings 74 random bits.
    let text: String = (0..4).map(|_| uuid::Uuid::now_v7().simple().to_string()).collect();
    keep_secret(&path, &text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(Secret::new(text))
}

fn keep_secret(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        private::create_folder(folder)?;
    }
    // One that is too short to be kept may be readable to everybody.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    private::create_file(path)?.write_all(text.as_bytes())
}
