//! What the routes of accounts take and give.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use portcullis::Error;
use portcullis::session::{SessionId, SessionInfo};
use serde::{Deserialize, Serialize};

use crate::users::dto::UserView;
use crate::users::profile::ProfileRequest;
use crate::users::profile::store::Content;
use crate::validation::Faults;

/// A registration as it was sent. A missing field is a fault among the others, not a rejection of its own.
#[derive(Deserialize)]
pub(super) struct RegisterRequest {
    email: Option<String>,
    name: Option<String>,
    password: Option<String>,
    profile: Option<ProfileRequest>,
}

/// A valid registration.
pub(super) struct Registration {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) password: String,
    pub(super) profile: Content,
}

impl TryFrom<RegisterRequest> for Registration {
    type Error = Error;

    fn try_from(request: RegisterRequest) -> Result<Self, Error> {
        let mut faults = Faults::default();
        let (profile, its_faults) = request.profile.unwrap_or_default().content();
        faults.within("profile", its_faults);
        let registration = Self {
            profile,
            email: faults.email("email", request.email.as_deref()),
            name: faults.line("name", request.name.as_deref(), 1, 80),
            password: faults.password("password", request.password.as_deref()),
        };
        faults.finish()?;
        Ok(registration)
    }
}

/// Credentials as they were sent.
#[derive(Deserialize)]
pub(super) struct LoginRequest {
    email: Option<String>,
    password: Option<String>,
}

/// Credentials that are complete, and may be wrong.
pub(super) struct Credentials {
    pub(super) email: String,
    pub(super) password: String,
}

impl TryFrom<LoginRequest> for Credentials {
    type Error = Error;

    fn try_from(request: LoginRequest) -> Result<Self, Error> {
        let mut faults = Faults::default();
        // The length of a password is a matter of registering; here only what could never be stored is refused.
        let credentials = Self {
            email: faults.line("email", request.email.as_deref(), 1, 254).to_lowercase(),
            password: faults.text("password", request.password.as_deref(), 1, 1024),
        };
        faults.finish()?;
        Ok(credentials)
    }
}

/// The answer to a login (RFC 6750 section 4).
#[derive(Serialize)]
pub(super) struct TokenResponse {
    pub(super) token: String,
    pub(super) token_type: &'static str,
    pub(super) expires_in: u64,
    pub(super) refresh_token: String,
    pub(super) refresh_expires_in: u64,
    pub(super) user: UserView,
}

/// A refresh token as it was sent. A browser sends it as a cookie instead, and an empty object.
#[derive(Deserialize)]
pub(super) struct RefreshRequest {
    pub(super) refresh_token: Option<String>,
}

/// A session as its owner sees it.
#[derive(Serialize)]
pub(super) struct SessionView {
    id: SessionId,
    label: Arc<str>,
    started_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    current: bool,
}

impl SessionView {
    pub(super) fn new(session: SessionInfo, current: Option<&str>) -> Self {
        Self {
            id: session.id,
            current: current == Some(session.id.as_str()),
            label: session.label,
            started_at: session.started.into(),
            last_used_at: session.last_used.into(),
            expires_at: session.expires.into(),
        }
    }
}
