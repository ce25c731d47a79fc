//! Settings from the environment and `.env`, by stage; every fault is reported at once and by name.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use portcullis::rate_limit::Quota;

use self::source::{Source, positive};
use crate::auth::tokens::SESSION_DAYS;
use crate::database::settings::Settings;
use crate::telemetry::{self, Bounds};

pub use self::admin::Admin;
pub use self::secret::Secret;
pub use self::source::{ConfigFaults, Fault};

mod admin;
mod database;
mod lists;
mod secret;
mod source;

/// Where the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// On a developer's machine: migrations and seed run at start, a secret is made where none is given.
    Development,
    /// Like production, for a rehearsal.
    Staging,
    /// For real callers.
    Production,
}

/// Everything that a deployment may set. `.env.example` explains each variable.
#[derive(Debug, Clone)]
pub struct Config {
    /// `APP_ENV`.
    pub stage: Stage,
    /// `HOST`.
    pub host: IpAddr,
    /// `PORT`; 0 lets the system choose.
    pub port: u16,
    /// `ADMIN_HOST` and `ADMIN_PORT`.
    pub admin: Admin,
    /// `DATABASE_URL`, and all that is about it.
    pub database: Settings,
    /// `JWT_SECRET`; `None` only in development, where one is made.
    pub jwt_secret: Option<Secret>,
    /// `REDIS_URL`, where several processes share their sessions; `None` keeps them in memory.
    pub redis_url: Option<Secret>,
    /// `SESSION_HISTORY_DAYS`: for how long after its beginning the row of a session is kept.
    pub session_history: Duration,
    /// `RATE_LIMIT`, for an address on `/api`.
    pub rate_limit: Quota,
    /// `CORS_ORIGINS`.
    pub cors_origins: Vec<String>,
    /// `TRUSTED_PROXIES`, as addresses or CIDRs.
    pub trusted_proxies: Vec<String>,
    /// `LOG`, a filter such as `info,blog=debug`.
    pub log: String,
    /// `LOG_DIR`, where the log is written to files, too.
    pub log_dir: Option<PathBuf>,
    /// `LOG_FILE_BYTES` and `LOG_FILES`.
    pub log_bounds: Bounds,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, where traces are sent.
    pub otlp_endpoint: Option<String>,
    /// `SENTRY_DSN`, where errors are sent.
    pub sentry_dsn: Option<Secret>,
    /// `LISTEN_STDIN`: the listening socket is standard input, as `cargo xtask dev` hands it over.
    pub listen_stdin: bool,
    /// Where generated files live in development.
    pub data_dir: PathBuf,
}

impl Config {
    /// Reads `.env` in the working directory, then the environment, which wins.
    pub fn from_env() -> Result<Self, ConfigFaults> {
        match dotenvy::dotenv() {
            Ok(_) => {}
            Err(error) if error.not_found() => {}
            Err(error) => {
                return Err(ConfigFaults(vec![Fault {
                    variable: ".env",
                    // The parse error quotes the line, which may hold a secret.
                    reason: match error {
                        dotenvy::Error::LineParse(_, at) => {
                            format!("cannot be read: a line is malformed near column {at}")
                        }
                        other => format!("cannot be read: {other}"),
                    },
                }]));
            }
        }
        Self::from_lookup(|name| match std::env::var(name) {
            Ok(value) => Some(value),
            Err(std::env::VarError::NotPresent) => None,
            Err(std::env::VarError::NotUnicode(_)) => Some("\u{fffd}".into()),
        })
    }

    /// Reads every variable through `lookup`. An empty value counts as absent.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigFaults> {
        let mut source = Source {
            lookup,
            faults: Vec::new(),
        };
        let stage = source.parse("APP_ENV", Stage::Development, |text| match text {
            "development" => Ok(Stage::Development),
            "staging" => Ok(Stage::Staging),
            "production" => Ok(Stage::Production),
            other => Err(format!("{other:?} is none of development, staging, production")),
        });
        let host = source.parse("HOST", IpAddr::V4(Ipv4Addr::LOCALHOST), |text| {
            text.parse().map_err(|_| format!("{text:?} is not an IP address"))
        });
        let port = source.parse("PORT", 3000, |text| {
            text.parse()
                .map_err(|_| format!("{text:?} is not a port from 0 to 65535"))
        });
        let admin = admin::admin(&mut source);
        let database = database::settings(&mut source);
        let jwt_secret = source.parse("JWT_SECRET", None, |text| {
            if text.len() < 32 {
                return Err(format!("has {} bytes and needs at least 32", text.len()));
            }
            Ok(Some(Secret::new(text)))
        });
        if jwt_secret.is_none() && stage != Stage::Development && source.is_absent("JWT_SECRET") {
            source.fault("JWT_SECRET", "is required outside development");
        }
        let redis_url = source.parse("REDIS_URL", None, |text| {
            // The value is not echoed: it may hold a password.
            if text.starts_with("redis://") {
                Ok(Some(Secret::new(text)))
            } else {
                Err("must begin with `redis://`".into())
            }
        });
        let session_history = source.parse("SESSION_HISTORY_DAYS", days(90), |text| {
            let number = text.parse().ok().filter(|days| (SESSION_DAYS..=3650).contains(days));
            number
                .map(days)
                .ok_or_else(|| format!("{text:?} is not a number from {SESSION_DAYS} to 3650"))
        });
        let default_limit = Quota::new(100, Duration::from_mins(15));
        let rate_limit = source.parse("RATE_LIMIT", default_limit, |text| {
            text.parse::<Quota>().map_err(|error| error.to_string())
        });
        let cors_origins = source.parse("CORS_ORIGINS", vec!["http://localhost:3000".to_owned()], lists::origins);
        let trusted_proxies = source.parse("TRUSTED_PROXIES", Vec::new(), lists::proxies);
        let log = source.parse("LOG", "info".to_owned(), |text| {
            telemetry::parse_level(text).map(|_| text.to_owned())
        });
        let log_dir = source.parse("LOG_DIR", None, |text| Ok(Some(PathBuf::from(text))));
        let log_bounds = Bounds {
            bytes: source.parse("LOG_FILE_BYTES", 64 * 1024 * 1024, positive),
            files: source.parse("LOG_FILES", 14, positive),
        };
        let otlp_endpoint = source.parse("OTEL_EXPORTER_OTLP_ENDPOINT", None, |text| {
            // The value is not echoed: it may hold a password.
            if text.starts_with("http://") || text.starts_with("https://") {
                Ok(Some(text.to_owned()))
            } else {
                Err("must begin with `http://` or `https://`".into())
            }
        });
        let sentry_dsn = source.parse("SENTRY_DSN", None, |text| Ok(Some(Secret::new(text))));
        let listen_stdin = source.parse("LISTEN_STDIN", false, |text| match text {
            "0" => Ok(false),
            "1" => Ok(true),
            other => Err(format!("{other:?} is neither 0 nor 1")),
        });

        if source.faults.is_empty() {
            Ok(Self {
                stage,
                host,
                port,
                admin,
                database,
                jwt_secret,
                redis_url,
                session_history,
                rate_limit,
                cors_origins,
                trusted_proxies,
                log,
                log_dir,
                log_bounds,
                otlp_endpoint,
                sentry_dsn,
                listen_stdin,
                data_dir: PathBuf::from("data"),
            })
        } else {
            Err(ConfigFaults(source.faults))
        }
    }
}

fn days(days: u32) -> Duration {
    Duration::from_hours(24 * u64::from(days))
}

#[cfg(test)]
mod tests;
