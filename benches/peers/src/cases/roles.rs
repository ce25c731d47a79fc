use std::collections::HashSet;

use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use portcullis::authorize::{AuthorizeLayer, Policy};
use protect_axum::GrantsLayer;
use protect_axum::authorities::{AuthDetails, AuthoritiesCheck};
use tower::{Layer, ServiceBuilder};

use super::{Cases, HALF, PROBLEM, Scale};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::{Model, Request, Subject};
use crate::model::{Roles, known};

pub(super) fn ours() -> Policy {
    Policy::role("editor")
}

/// What an application writes without a layer for it.
pub(super) async fn editors_only(request: Request, next: Next) -> Response {
    let roles = request.extensions().get::<Roles>();
    if roles.is_some_and(|roles| roles.0.iter().any(|role| role == "editor")) {
        next.run(request).await
    } else {
        forbidden()
    }
}

fn forbidden() -> Response {
    let body = r#"{"title":"Forbidden","status":403}"#;
    (StatusCode::FORBIDDEN, [(CONTENT_TYPE, PROBLEM)], body).into_response()
}

async fn granted(request: &mut Request) -> Result<HashSet<String>, Response> {
    let roles = request.extensions().get::<Roles>().ok_or_else(forbidden)?;
    Ok(roles.0.iter().cloned().collect())
}

async fn checked(details: AuthDetails, request: Request, next: Next) -> Response {
    if details.has_authority("editor") {
        next.run(request).await
    } else {
        forbidden()
    }
}

fn portcullis(name: &'static str, model: &Model) -> Subject {
    Subject::new(name, AuthorizeLayer::new(ours()).layer(Bare::OK), model)
}

fn with_rivals(case: Case, model: &Model) -> Case {
    let protect = ServiceBuilder::new()
        .layer(GrantsLayer::with_extractor(granted))
        .layer(from_fn(checked))
        .service(Bare::OK);
    let from_fn = from_fn(editors_only).layer(Bare::OK);
    case.rival(HALF, Subject::new("from_fn", from_fn, model))
        .rival(HALF, Subject::new("protect-axum", protect, model))
}

pub(super) fn cases(_: Scale) -> Cases {
    let [editor, reader] = [known("editor"), known("reader")];
    let admits = Case::new("authorize", "admits", &editor, portcullis("portcullis", &editor)).agreement(Agreement {
        status: &[200],
        equal: &["content-type"],
        ..Agreement::default()
    });
    let refuses = Case::new("authorize", "refuses", &reader, portcullis("portcullis", &reader))
        .agreement(Agreement {
            status: &[403],
            equal: &["content-type"],
            ..Agreement::default()
        })
        .admission(portcullis("its own admission", &editor));
    Ok(vec![with_rivals(admits, &editor), with_rivals(refuses, &reader)])
}
