//! What the routes of accounts do.

use std::time::Duration;

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use blog_entity::user::Model;
use blog_entity::{Password, clock};
use http::header::{CACHE_CONTROL, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use portcullis::axum::{Json, Path, RefreshCookie};
use portcullis::client_ip::ClientIp;
use portcullis::security_headers::CLEAR_SITE_DATA;
use portcullis::session::{RefreshToken, SessionId};

use super::dto::{
    Credentials, LoginRequest, RefreshRequest, RegisterRequest, Registration, SessionView, TokenResponse,
};
use super::{store as rows, tokens};
use crate::database::Transaction;
use crate::error;
use crate::extract::SignedIn;
use crate::state::AppState;
use crate::users::dto::UserView;
use crate::users::profile;
use crate::users::store::{self, NewUser};

pub(super) async fn register(
    State(state): State<AppState>,
    Json(request): Json<RegisterRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let registration = Registration::try_from(request)?;
    // The hook would do it, too, and hold the one connection that writes to SQLite for as long as it takes.
    let hash = state.passwords().hash(registration.password).await?;
    let new = &NewUser {
        email: registration.email,
        name: registration.name,
        role: "reader",
        password: Password::Hash(hash),
    };
    let profile = &registration.profile;
    let user = state
        .db()
        .transaction(|db| async move {
            let user = store::create(&db, new).await?;
            profile::store::create(&db, user.id, profile.clone()).await?;
            Ok(user)
        })
        .await?;
    let location = format!("/api/v1/users/{}", user.public_id);
    Ok((
        StatusCode::CREATED,
        AppendHeaders([(LOCATION, location)]),
        Json(UserView::from(user)),
    ))
}

pub(super) async fn login(
    State(state): State<AppState>,
    client: ClientIp,
    cookie: RefreshCookie,
    headers: HeaderMap,
    Json(request): Json<LoginRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let credentials = Credentials::try_from(request)?;
    let attempt = state.lockout().begin(&credentials.email, client.address()).await?;
    let user = match verified(&state, credentials).await {
        Ok(Some(user)) => {
            attempt.succeeded().await;
            user
        }
        Ok(None) => {
            attempt.failed();
            return Err(error::unauthorized("email or password is wrong").into());
        }
        // A database that is down has guessed no password.
        Err(error) => {
            attempt.withdraw().await;
            return Err(error);
        }
    };
    // What the owner will know the session by in the list of all.
    let label = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let label = label.unwrap_or("unknown client");
    let session = state.sessions().start(&user.public_id.to_string(), label).await?;
    note_start(&state, &user, session.id, label).await?;
    let cookie = cookie.set(&session.refresh_token, session.expires_in);
    let answer = tokens_of(&state, user, session.id, &session.refresh_token, session.expires_in)?;
    Ok((no_store(), cookie, Json(answer)))
}

/// A session that nobody could list is not begun.
async fn note_start(state: &AppState, user: &Model, session: SessionId, label: &str) -> portcullis::Result<()> {
    let id = &session.to_string();
    let noted = state
        .db()
        .transaction(|db| async move {
            // The account may have been deleted or closed since its password was looked at.
            if !store::hold_open(&db, user.id).await? {
                return Err(error::unauthorized("email or password is wrong").into());
            }
            rows::started(&db, user.id, id, label).await?;
            Ok(())
        })
        .await;
    if noted.is_err() {
        state.sessions().end(&user.public_id.to_string(), id).await?;
    }
    noted
}

/// The account whose password this is; takes as long where there is none.
async fn verified(state: &AppState, credentials: Credentials) -> portcullis::Result<Option<Model>> {
    let user = store::by_email(state.db().primary(), &credentials.email).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.hash());
    let verdict = state.passwords().verify(credentials.password, hash).await?;
    let Some(user) = user.filter(|_| verdict.matches()) else {
        return Ok(None);
    };
    if let Some(hash) = &verdict.into_rehash() {
        let user = &user;
        state
            .db()
            .transaction(|db| async move { Ok(store::set_password_hash(&db, user.clone(), hash.clone()).await?) })
            .await?;
    }
    Ok(Some(user))
}

/// The next pair of tokens, for the refresh token of the body or of the cookie.
pub(super) async fn refresh(
    State(state): State<AppState>,
    cookie: RefreshCookie,
    Json(request): Json<RefreshRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let token = request.refresh_token.as_deref().or(cookie.token());
    let token = token.ok_or_else(|| error::bad_request("`refresh_token` is missing, and so is its cookie"))?;
    let renewed = state.sessions().refresh(token).await?;
    let id = renewed.user.parse().map_err(|_| "a session of no user")?;
    // The role may have changed since, and the account may be gone.
    let user = store::by_public_id(state.db().primary(), id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    let cookie = cookie.set(&renewed.refresh_token, renewed.expires_in);
    let answer = tokens_of(&state, user, renewed.id, &renewed.refresh_token, renewed.expires_in)?;
    Ok((no_store(), cookie, Json(answer)))
}

fn tokens_of(
    state: &AppState,
    user: Model,
    session: SessionId,
    refresh_token: &RefreshToken,
    refresh_expires_in: Duration,
) -> portcullis::Result<TokenResponse> {
    Ok(TokenResponse {
        token: state.tokens().issue(user.public_id, &user.role, session)?,
        token_type: "Bearer",
        expires_in: tokens::LIFETIME.as_secs(),
        refresh_token: refresh_token.as_str().to_owned(),
        refresh_expires_in: refresh_expires_in.as_secs(),
        user: UserView::from(user),
    })
}

/// Ends this session: its tokens are refused from now on, in every process.
pub(super) async fn logout(
    State(state): State<AppState>,
    cookie: RefreshCookie,
    signed_in: SignedIn,
) -> portcullis::Result<impl IntoResponse> {
    if let Some(session) = signed_in.caller.session() {
        state.sessions().end(&signed_in.id.to_string(), session).await?;
        note_end(&state, session).await?;
    }
    Ok((StatusCode::NO_CONTENT, cookie.clear(), clear_site_data()))
}

/// Ends all sessions of the caller.
pub(super) async fn logout_all(
    State(state): State<AppState>,
    cookie: RefreshCookie,
    signed_in: SignedIn,
) -> portcullis::Result<impl IntoResponse> {
    state.sessions().end_all(&signed_in.id.to_string()).await?;
    let user = store::by_public_id(state.db().primary(), signed_in.id).await?;
    if let Some(user) = user {
        let ended = |db: Transaction| async move { Ok(rows::ended_all(&db, user.id, clock::now()).await?) };
        state.db().transaction(ended).await?;
    }
    Ok((StatusCode::NO_CONTENT, cookie.clear(), clear_site_data()))
}

pub(super) async fn sessions(
    State(state): State<AppState>,
    signed_in: SignedIn,
) -> portcullis::Result<Json<Vec<SessionView>>> {
    let sessions = state.sessions().list(&signed_in.id.to_string()).await?;
    let current = signed_in.caller.session();
    let views = sessions.into_iter().map(|session| SessionView::new(session, current));
    Ok(Json(views.collect()))
}

/// Ends one of the caller's own sessions, such as that of a lost phone.
pub(super) async fn end_session(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> portcullis::Result<StatusCode> {
    if state.sessions().end(&signed_in.id.to_string(), &id).await? {
        note_end(&state, &id).await?;
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(error::not_found("Session").into())
    }
}

async fn note_end(state: &AppState, session: &str) -> portcullis::Result<()> {
    state
        .db()
        .transaction(|db| async move { Ok(rows::ended(&db, session, clock::now()).await?) })
        .await
}

pub(super) async fn me(State(state): State<AppState>, signed_in: SignedIn) -> portcullis::Result<impl IntoResponse> {
    let user = store::by_public_id(state.db().primary(), signed_in.id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    Ok((no_store(), Json(UserView::from(user))))
}

/// RFC 6750 section 5.3: an answer with a token is not for caches.
fn no_store() -> AppendHeaders<[(HeaderName, &'static str); 1]> {
    AppendHeaders([(CACHE_CONTROL, "no-store")])
}

/// Makes the browser drop what it has stored of this origin.
fn clear_site_data() -> AppendHeaders<[(HeaderName, HeaderValue); 1]> {
    AppendHeaders([CLEAR_SITE_DATA])
}
