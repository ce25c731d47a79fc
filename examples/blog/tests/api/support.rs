//! A whole blog on a database of its own.

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
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::database::TestDatabase;

pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) shutdown: Option<Shutdown>,
    handle: Handle,
    state: Option<AppState>,
    database: TestDatabase,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// How many statements the database was asked, where the answer says it.
    pub(crate) statements: Option<u64>,
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
        let database = TestDatabase::create();
        let folder = database.folder().to_owned();
        let url = database.url();
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
        config.data_dir = folder;
        let (state, _) = AppState::open(config).await.unwrap();
        let shutdown = Shutdown::builder().build().unwrap();
        Self {
            router: app(state.clone(), &shutdown.handle()).unwrap(),
            handle: shutdown.handle(),
            shutdown: Some(shutdown),
            state: Some(state),
            database,
        }
    }

    pub(crate) fn state(&self) -> &AppState {
        self.state.as_ref().unwrap()
    }

    pub(crate) fn database_url(&self) -> String {
        self.database.url()
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
        let (mut parts, body) = response.into_parts();
        // Taken out, since it differs between answers that must be the same.
        let timing = parts.headers.remove("server-timing");
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for leak in ["argon2", "password_hash"] {
            assert!(!text.contains(leak) || text.contains("<html"), "{leak} leaks: {text}");
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            text,
            statements: timing
                .and_then(|timing| timing.to_str().ok()?.split('"').nth(1)?.split(' ').next()?.parse().ok()),
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

    /// Asks the database beside the blog.
    pub(crate) async fn ask(&self, statement: &str) {
        let db = Database::connect(self.database_url()).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "the statement is the test's own")]
        db.execute_unprepared(statement).await.unwrap();
        db.close().await.unwrap();
    }

    /// How many entries of this action on such rows the trail has.
    pub(crate) async fn trail(&self, entity: &str, action: &str) -> i64 {
        let db = Database::connect(self.database_url()).await.unwrap();
        let sql = format!("SELECT COUNT(*) FROM audit_entries WHERE entity = '{entity}' AND action = '{action}'");
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let row = db.query_one_raw(statement).await.unwrap().unwrap();
        db.close().await.unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// A token of a seeded account.
    pub(crate) async fn login(&self, role: &str) -> String {
        let body = json!({ "email": format!("{role}@example.com"), "password": format!("{role}-password") });
        let answer = self.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// The id and token of a new reader.
    pub(crate) async fn register(&self, name: &str) -> (String, String) {
        let (email, password) = (format!("{name}@example.org"), "a password of theirs");
        let body = json!({ "email": email, "name": name, "password": password });
        let answer = self.call(Method::POST, "/api/v1/auth/register", None, Some(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let body = json!({ "email": email, "password": password });
        let answer = self.call(Method::POST, "/api/v1/auth/login", None, Some(body)).await;
        (id, answer.json()["token"].as_str().unwrap().to_owned())
    }

    /// The id of a new comment by the owner of the token.
    pub(crate) async fn comment(&self, token: &str, post: &str, parent: Option<&str>, body: &str) -> String {
        let path = format!("/api/v1/posts/{post}/comments");
        let body = json!({ "body": body, "parent": parent });
        let answer = self.call(Method::POST, &path, Some(token), Some(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// The status of a request without a body.
    pub(crate) async fn status(&self, method: &str, path: &str, token: &str) -> u16 {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.call(method, path, Some(token), None).await.status.as_u16()
    }

    /// The path of every route that can be read.
    pub(crate) fn readable(&self) -> Vec<String> {
        let explanation = portcullis::stack::Stack::builder().build().unwrap().explain();
        let routes = blog::app::routes(&self.handle, explanation).unwrap().audit();
        let get = routes
            .routes()
            .iter()
            .filter(|route| route.method() == Some(&Method::GET));
        get.map(|route| route.path().to_owned()).collect()
    }

    /// The number that a statement of ours yields, asked past the blog.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let db = Database::connect(self.database_url()).await.unwrap();
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let row = db.query_one_raw(statement).await.unwrap().unwrap();
        db.close().await.unwrap();
        row.try_get_by_index(0).unwrap()
    }

    /// Does what a statement of ours says, past the blog.
    pub(crate) async fn execute(&self, sql: &str) {
        let db = Database::connect(self.database_url()).await.unwrap();
        let statement = Statement::from_string(db.get_database_backend(), sql);
        db.execute_raw(statement).await.unwrap();
        db.close().await.unwrap();
    }

    /// The id of a new post by the owner of the token.
    pub(crate) async fn post(&self, token: &str, title: &str) -> String {
        let body = json!({ "title": title, "body": "text" });
        let answer = self.call(Method::POST, "/api/v1/posts", Some(token), Some(body)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    }
}
