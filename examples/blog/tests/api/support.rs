//! A whole blog on a temporary file.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use blog::app::app;
use blog::config::Config;
use blog::state::AppState;
use blog::telemetry::LogLevel;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use portcullis::shutdown::{Handle, Shutdown};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) shutdown: Option<Shutdown>,
    handle: Handle,
    state: Option<AppState>,
    folder: PathBuf,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with(&[]).await
    }

    pub(crate) async fn with(variables: &[(&str, &str)]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("blog-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        let url = format!("sqlite://{}/blog.sqlite", folder.display());
        let mut config = Config::from_lookup(|name| {
            let own = variables.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
            own.map(str::to_owned).or_else(|| match name {
                "DATABASE_URL" => Some(url.clone()),
                "JWT_SECRET" => Some("a secret of the tests, 32 bytes or more".into()),
                "RATE_LIMIT" => Some("1000 per minute".into()),
                _ => None,
            })
        })
        .unwrap();
        config.data_dir.clone_from(&folder);
        let (state, _) = AppState::open(config).await.unwrap();
        let shutdown = Shutdown::builder().build().unwrap();
        Self {
            router: app(state.clone(), &shutdown.handle()).unwrap(),
            handle: shutdown.handle(),
            shutdown: Some(shutdown),
            state: Some(state),
            folder,
        }
    }

    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}/blog.sqlite", self.folder.display())
    }

    /// A request to the port of those who run the blog.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: &'static str) -> Answer {
        let (_, level) = LogLevel::reloadable("info").unwrap();
        let state = self.state.clone().unwrap();
        let router = blog::operations::router(state, self.handle.clone(), level);
        let request = Request::builder().method(method).uri(path).body(Body::from(body));
        Self::answer(router, request.unwrap()).await
    }

    pub(crate) async fn close_database(&self) {
        self.state.clone().unwrap().close().await.unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.send_from([203, 0, 113, 7], request).await
    }

    pub(crate) async fn send_from(&self, address: [u8; 4], mut request: Request<Body>) -> Answer {
        let peer = std::net::SocketAddr::from((address, 40_000));
        request.extensions_mut().insert(ConnectInfo(peer));
        Self::answer(self.router.clone(), request).await
    }

    async fn answer(router: Router, request: Request<Body>) -> Answer {
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for leak in ["argon2", "password_hash"] {
            assert!(!text.contains(leak) || text.contains("<html"), "{leak} leaks: {text}");
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(value) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(value.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, None).await
    }

    /// A token of a seeded account.
    pub(crate) async fn login(&self, role: &str) -> String {
        let body = json!({ "email": format!("{role}@example.com"), "password": format!("{role}-password") });
        let answer = self.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// The id of a new post by the owner of the token.
    pub(crate) async fn post(&self, token: &str, title: &str) -> String {
        let body = json!({ "title": title, "body": "text" });
        let answer = self.call(Method::POST, "/api/v1/posts", Some(token), Some(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.state.take());
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
