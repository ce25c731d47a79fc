//! Routes that say who may use them, on a real router: the table is what the router does.

#![cfg(feature = "axum")]

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::http::{Method, Request, Response, StatusCode};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use portcullis::Identity;
use portcullis::authorize::{AuthorizeLayer, Policy};
use portcullis::axum::{Routes, method_not_allowed, not_found};
use portcullis::request_id::RequestIdLayer;
use tower::{ServiceExt, service_fn};

/// The template of the route that was taken.
async fn template(path: Option<MatchedPath>, State(app): State<&'static str>) -> String {
    let path = path.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    format!("{app} {path}")
}

fn role(name: &str) -> Policy {
    Policy::role(name)
}

fn routes() -> Routes<&'static str> {
    let comments = Routes::new()
        .get("/", Policy::anyone(), template)
        .post("/", Policy::authenticated(), template)
        .delete("/{comment}", role("moderator"), template);
    let posts = Routes::new()
        .get("/", Policy::anyone(), template)
        .head("/", role("head"), template)
        .post("/", role("writer"), template)
        .put("/{id}", role("writer"), template)
        .patch("/{id}", role("editor"), template)
        .options("/{id}", role("options"), template)
        .nest("/{id}/comments", comments);
    let admin = Routes::new()
        .get("/users", Policy::authenticated(), template)
        .any("/tools", role("operator"), template)
        .get("/tools", role("reader"), template)
        .require(role("admin"));
    let files = service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("file"))));
    let api = Routes::new()
        .nest("/posts", posts)
        .nest("/admin", admin)
        .fallback(Policy::authenticated(), template);
    Routes::new()
        .get("/", Policy::anyone(), template)
        .nest("/api", api)
        .merge(Routes::new().get("/healthz", Policy::anyone(), template))
        .nest_service("/files", role("files"), files)
}

async fn send(app: &Router, method: &Method, path: &str, roles: &[&str]) -> (u16, String) {
    let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let identity = match roles {
        [] => Identity::anonymous(),
        roles => Identity::user("42").with_roles(roles.iter().copied()),
    };
    request.extensions_mut().insert(identity);
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn the_table_has_every_route_where_it_stands() {
    let expect = "\
GET      /                                   anyone
ANY      /api/admin/tools                    role admin and role operator
GET      /api/admin/tools                    role admin and role reader
GET      /api/admin/users                    role admin and authenticated
GET      /api/posts                          anyone
HEAD     /api/posts                          role head
POST     /api/posts                          role writer
OPTIONS  /api/posts/{id}                     role options
PATCH    /api/posts/{id}                     role editor
PUT      /api/posts/{id}                     role writer
GET      /api/posts/{id}/comments            anyone
POST     /api/posts/{id}/comments            authenticated
DELETE   /api/posts/{id}/comments/{comment}  role moderator
ANY      /api/{*fallback}                    authenticated
ANY      /files/{*rest}                      role files
GET      /healthz                            anyone";
    assert_eq!(routes().audit().to_string(), expect);
    assert_eq!(Routes::<()>::new().audit().to_string(), "");
}

#[tokio::test]
async fn the_router_does_what_the_table_says() {
    let routes = routes();
    let audit = routes.audit();
    let app: Router = routes.with_state("app").into();
    for route in audit.routes() {
        let policy = route.policy().to_string();
        let words: Vec<_> = policy.split(' ').collect();
        let roles: Vec<_> = words
            .windows(2)
            .filter(|pair| pair[0] == "role")
            .map(|pair| pair[1])
            .collect();
        // Any method but the one that has a route of its own there.
        let method = route.method().unwrap_or(&Method::TRACE);
        let path = route
            .path()
            .replace("{*fallback}", "no/such")
            .replace("{*rest}", "a.txt");
        let path = path.replace("{id}", "7").replace("{comment}", "8");
        let send = async |roles: &[&str]| send(&app, method, &path, roles).await;

        let named = format!("{method} {path} {policy}");
        let open = policy == "anyone";
        assert_eq!(send(&[]).await.0, if open { 200 } else { 401 }, "{named}");
        let stranger = send(&["stranger"]).await.0;
        assert_eq!(
            stranger,
            if open || policy == "authenticated" { 200 } else { 403 },
            "{named}"
        );
        for role in &roles {
            let others: Vec<_> = roles.iter().filter(|other| *other != role).copied().collect();
            if !others.is_empty() {
                assert_eq!(send(&others).await.0, 403, "{named} without {role}");
            }
        }
        let roles = if roles.is_empty() { vec!["stranger"] } else { roles };
        let (status, body) = send(&roles).await;
        assert_eq!(status, 200, "{named}");
        match route.path() {
            "/files/{*rest}" => assert_eq!(body, "file"),
            "/api/{*fallback}" => assert_eq!(body, "app none"),
            _ if *method == Method::HEAD => assert_eq!(body, ""),
            template => assert_eq!(body, format!("app {template}"), "{named}"),
        }
    }
}

#[tokio::test]
async fn other_methods_and_paths_are_refused_as_axum_refuses_them() {
    let app = routes()
        .layer(RequestIdLayer::new())
        .with_state("app")
        .into_router()
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    assert_eq!(send(&app, &Method::DELETE, "/api/posts", &[]).await.0, 405);
    assert_eq!(send(&app, &Method::GET, "/no/such", &[]).await.0, 404);
    // The layer is outside the guard.
    let request = Request::post("/api/posts").body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "no Identity");
    assert!(response.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn a_get_answers_head_under_its_policy() {
    let routes: Routes = Routes::new().get("/", role("reader"), async || "hello");
    let app = routes.into_router();
    assert_eq!(send(&app, &Method::HEAD, "/", &[]).await.0, 401);
    assert_eq!(send(&app, &Method::HEAD, "/", &["reader"]).await.0, 200);
}

#[tokio::test]
async fn a_route_may_bring_a_layer_with_settings_of_its_own() {
    let never = Policy::ask("never", |_, _| std::future::pending());
    let layer = AuthorizeLayer::new(Policy::role("admin") | never)
        .deadline(Duration::ZERO)
        .challenge("Bearer realm=\"blog\"")
        .unwrap();
    let routes: Routes = Routes::new().get("/", layer, async || "hello");
    assert_eq!(
        routes.audit().routes()[0].policy().to_string(),
        "role admin or ask never"
    );
    let app = routes.into_router();
    assert_eq!(send(&app, &Method::GET, "/", &["stranger"]).await.0, 503);
    let mut request = Request::get("/").body(Body::empty()).unwrap();
    request.extensions_mut().insert(Identity::anonymous());
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"blog\"");
}

#[tokio::test]
async fn routes_stand_beside_those_of_a_plain_router() {
    let routes: Routes = Routes::new().get("/guarded", Policy::nobody(), async || "");
    let app = Router::new().route("/plain", get("plain")).merge(routes);
    assert_eq!(send(&app, &Method::GET, "/plain", &[]).await.0, 200);
    assert_eq!(send(&app, &Method::GET, "/guarded", &["admin"]).await.0, 403);
}

#[test]
fn what_is_required_is_required_of_the_routes_before() {
    let routes: Routes = Routes::new()
        .get("/", Policy::anyone(), async || "")
        .require(role("admin"))
        .get("/later", Policy::anyone(), async || "");
    assert_eq!(
        routes.audit().to_string(),
        "GET  /       role admin and anyone\nGET  /later  anyone"
    );
}

#[test]
#[should_panic(expected = "route_layer")]
fn to_require_something_of_nothing_stops_the_start() {
    let _: Routes = Routes::new().require(role("admin"));
}

#[test]
#[should_panic(expected = "Overlapping method route")]
fn two_routes_of_one_method_and_path_stop_the_start() {
    let _: Routes = Routes::new()
        .get("/", Policy::nobody(), async || "")
        .get("/", Policy::anyone(), async || "");
}
