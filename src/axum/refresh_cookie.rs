use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
use http::HeaderValue;
use http::header::SET_COOKIE;
use http::request::Parts;

use crate::session::{RefreshCookie as Settings, RefreshToken};

/// The refresh token that the browser has sent as a cookie, and the cookie that the answer sets or clears.
///
/// The state says which cookie it is, by a [`session::RefreshCookie`](crate::session::RefreshCookie) that [`FromRef`] finds in it. A
/// request without the cookie is not refused: the token may be elsewhere, and a sign-in has none yet. Where a
/// [`refresh`](crate::session::Sessions::refresh) fails, leave the cookie alone: of two tabs the slower one must not take the
/// session of the faster one away.
///
/// ```
/// use axum::extract::{FromRef, State};
/// use axum::response::IntoResponse;
/// use axum::routing::post;
/// use axum::{Router, body::Body};
/// use http::{Request, StatusCode};
/// use portcullis::Problem;
/// use portcullis::axum::RefreshCookie;
/// use portcullis::session::{self, Sessions};
/// use tower::ServiceExt;
///
/// #[derive(Clone)]
/// struct App {
///     sessions: Sessions,
///     cookie: session::RefreshCookie,
/// }
///
/// impl FromRef<App> for session::RefreshCookie {
///     fn from_ref(app: &App) -> Self {
///         app.cookie.clone()
///     }
/// }
///
/// async fn refresh(State(app): State<App>, cookie: RefreshCookie) -> portcullis::Result<impl IntoResponse> {
///     let token = cookie.token().ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED))?;
///     let renewed = app.sessions.refresh(token).await?;
///     Ok(cookie.set(&renewed.refresh_token, renewed.expires_in))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = App { sessions: Sessions::builder().build()?, cookie: session::RefreshCookie::new() };
/// let session = app.sessions.start("42", "Firefox on Linux").await?;
/// let router = Router::new().route("/refresh", post(refresh)).with_state(app);
///
/// let cookie = format!("theme=dark; __Host-refresh={}", session.refresh_token.as_str());
/// let request = Request::post("/refresh").header("cookie", cookie).body(Body::empty())?;
/// let response = router.clone().oneshot(request).await?;
/// assert!(response.headers()["set-cookie"].to_str()?.starts_with("__Host-refresh="));
///
/// let response = router.oneshot(Request::post("/refresh").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 401);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RefreshCookie {
    settings: Settings,
    token: Option<String>,
}

impl RefreshCookie {
    /// The token; `None` where the browser has sent none, or two, of which somebody else has set one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Makes the browser keep this token, for as long as it is good.
    pub fn set(&self, token: &RefreshToken, expires_in: Duration) -> SetRefreshCookie {
        SetRefreshCookie(self.settings.set(token, expires_in))
    }

    /// Makes the browser forget its token.
    pub fn clear(&self) -> SetRefreshCookie {
        SetRefreshCookie(self.settings.clear())
    }
}

/// The token is a secret.
impl fmt::Debug for RefreshCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshCookie")
            .field("name", &self.settings.name())
            .field("token", &self.token.as_ref().map(|_| "***"))
            .finish()
    }
}

impl<S> FromRequestParts<S> for RefreshCookie
where
    S: Send + Sync,
    Settings: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let settings = Settings::from_ref(state);
        let token = settings.read(&parts.headers).map(str::to_owned);
        Ok(Self { settings, token })
    }
}

/// A `Set-Cookie` beside those that the response has: a part of a response, or one by itself.
#[derive(Debug, Clone)]
#[must_use = "the browser learns of it by the response"]
pub struct SetRefreshCookie(HeaderValue);

impl IntoResponseParts for SetRefreshCookie {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        parts.headers_mut().append(SET_COOKIE, self.0);
        Ok(parts)
    }
}

impl IntoResponse for SetRefreshCookie {
    fn into_response(self) -> Response {
        (self, ()).into_response()
    }
}
