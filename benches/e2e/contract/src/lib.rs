//! What the servers agree on: how they are told where to listen, what they serve, and whom they let in.
//!
//! `GET /posts/{id}` answers [`Post::sample`] as JSON to a bearer token (HS256, see [`token`]) of an editor, and `GET /posts`
//! [`Post::list`]. `node/contract.js` says the same to the servers of Node; the check before a run finds out where it does not.

use std::env;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

/// Who makes the tokens.
pub const ISSUER: &str = "https://id.example.com";
/// For whom they are.
pub const AUDIENCE: &str = "shop";
/// What they are signed with.
pub const SECRET: &[u8; 32] = b"an example's key: never use this";
/// The role that may read posts.
pub const ROLE: &str = "editor";
/// Whose pages may read the answers.
pub const ORIGIN: &str = "https://app.example.com";
/// The window of the quota.
pub const HOUR: Duration = Duration::from_hours(1);

/// Requests of one address in an hour, where nothing else is said: nobody uses them up.
const GENEROUS: u32 = 1_000_000_000;

/// What a server is told by its environment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `E2E_PORT`, on 127.0.0.1.
    pub port: u16,
    /// `E2E_LOG`: a file for one record a request; without it there is no log.
    pub log: Option<PathBuf>,
    /// `E2E_QUOTA`: requests of one address in an hour.
    pub quota: u32,
}

impl Settings {
    /// Fails where a variable is missing or not a number.
    pub fn from_env() -> Result<Self, String> {
        let number = |name: &str| env::var(name).map_err(|error| format!("{name}: {error}"));
        let port = number("E2E_PORT")?
            .parse()
            .map_err(|error| format!("E2E_PORT: {error}"))?;
        let quota = match env::var("E2E_QUOTA") {
            Ok(quota) => quota.parse().map_err(|error| format!("E2E_QUOTA: {error}"))?,
            Err(_) => GENEROUS,
        };
        let log = env::var_os("E2E_LOG").map(PathBuf::from);
        Ok(Self { port, log, quota })
    }

    /// The log, to be added to.
    pub fn log_file(&self) -> io::Result<Option<File>> {
        let open = |path| OpenOptions::new().append(true).create(true).open(path);
        self.log.as_ref().map(open).transpose()
    }
}

/// What is served.
#[derive(Debug, Serialize)]
pub struct Post {
    id: u32,
    title: &'static str,
    author: &'static str,
    tags: [&'static str; 3],
    likes: u32,
    draft: bool,
    body: &'static str,
}

impl Post {
    /// The post of any number.
    pub fn sample(id: u32) -> Self {
        Self {
            id,
            title: "What a gate costs",
            author: "Ada",
            tags: ["http", "rust", "tower"],
            likes: 42,
            draft: false,
            body: "The same route behind the same nine jobs, asked over loopback.",
        }
    }

    /// The first fifty: 8 KB of JSON, made anew for each request.
    pub fn list() -> Vec<Self> {
        (1..=50).map(Self::sample).collect()
    }
}

/// What a token says.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claims {
    /// [`ISSUER`].
    pub iss: String,
    /// [`AUDIENCE`].
    pub aud: String,
    /// The user.
    pub sub: String,
    /// Seconds since 1970.
    pub exp: u64,
    /// What the user may be.
    pub roles: Vec<String>,
}

/// A token for an hour.
pub fn token(role: &str) -> Result<String, String> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "42".to_owned(),
        exp: now.map_or(0, |now| (now + HOUR).as_secs()),
        roles: vec![role.to_owned()],
    };
    let key = EncodingKey::from_secret(SECRET);
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(|error| error.to_string())
}

/// What a token has to be, in the words of jsonwebtoken.
pub fn validation() -> jsonwebtoken::Validation {
    let mut validation = jsonwebtoken::Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation
}
