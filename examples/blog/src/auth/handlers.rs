//! What the routes of accounts do.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse};
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderName, StatusCode};
use portcullis::axum::Json;

use super::dto::{Credentials, LoginRequest, RegisterRequest, Registration, TokenResponse};
use super::tokens;
use crate::error;
use crate::extract::SignedIn;
use crate::state::AppState;
use crate::users::dto::UserView;
use crate::users::store::{self, NewUser};

pub(super) async fn register(
    State(state): State<AppState>,
    Json(request): Json<RegisterRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let registration = Registration::try_from(request)?;
    let new = NewUser {
        email: registration.email,
        name: registration.name,
        role: "reader",
        password_hash: state.passwords().hash(registration.password).await?,
    };
    let user = store::create(state.db(), new).await?;
    let location = format!("/api/v1/users/{}", user.public_id);
    Ok((
        StatusCode::CREATED,
        AppendHeaders([(LOCATION, location)]),
        Json(UserView::own(user)),
    ))
}

pub(super) async fn login(
    State(state): State<AppState>,
    Json(request): Json<LoginRequest>,
) -> portcullis::Result<impl IntoResponse> {
    let credentials = Credentials::try_from(request)?;
    let user = store::by_email(state.db(), &credentials.email).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let verdict = state.passwords().verify(credentials.password, hash.as_deref()).await?;
    let Some(user) = user.filter(|_| verdict.matches()) else {
        return Err(error::unauthorized("email or password is wrong").into());
    };
    if let Some(hash) = verdict.into_rehash() {
        store::set_password_hash(state.db(), user.id, hash).await?;
    }
    let answer = TokenResponse {
        token: state.tokens().issue(user.public_id, &user.role)?,
        token_type: "Bearer",
        expires_in: tokens::LIFETIME.as_secs(),
        user: UserView::own(user),
    };
    Ok((no_store(), Json(answer)))
}

pub(super) async fn me(State(state): State<AppState>, signed_in: SignedIn) -> portcullis::Result<impl IntoResponse> {
    let user = store::by_public_id(state.db(), signed_in.id)
        .await?
        .ok_or_else(|| error::unauthorized("this account no longer exists"))?;
    Ok((no_store(), Json(UserView::own(user))))
}

/// RFC 6750 section 5.3: an answer with a token is not for caches.
fn no_store() -> AppendHeaders<[(HeaderName, &'static str); 1]> {
    AppendHeaders([(CACHE_CONTROL, "no-store")])
}
