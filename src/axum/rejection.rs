use std::fmt::Display;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::{
    BytesRejection, FailedToBufferBody, FormRejection, JsonRejection, PathRejection, QueryRejection,
};
use http::header::ACCEPT;
use http::{Extensions, HeaderValue, StatusCode};

use super::extensions::Route;
use super::wording;
use crate::problem::{OneLine, Problem};
use crate::request_id::RequestId;

pub(super) fn json(rejection: &JsonRejection) -> Problem {
    let problem = Problem::new(rejection.status());
    match rejection {
        JsonRejection::JsonDataError(error) => with_detail(problem, wording::json_data(error)),
        JsonRejection::JsonSyntaxError(error) => {
            let why = wording::json_syntax(error).map(|why| format!("the body is not JSON: {why}"));
            with_detail(problem, why)
        }
        JsonRejection::MissingJsonContentType(_) => wrong_type(problem, "application/json"),
        JsonRejection::BytesRejection(error) => unread(problem, error),
        _ => problem,
    }
}

pub(super) fn form(rejection: &FormRejection) -> Problem {
    let problem = Problem::new(rejection.status());
    match rejection {
        FormRejection::FailedToDeserializeForm(error) => with_detail(problem, wording::form_data(error)),
        FormRejection::FailedToDeserializeFormBody(error) => with_detail(problem, wording::form_data(error)),
        FormRejection::InvalidFormContentType(_) => wrong_type(problem, "application/x-www-form-urlencoded"),
        FormRejection::BytesRejection(error) => unread(problem, error),
        _ => problem,
    }
}

pub(super) fn query(rejection: &QueryRejection) -> Problem {
    with_detail(Problem::new(rejection.status()), wording::form_data(rejection))
}

pub(super) fn path(rejection: &PathRejection, request: &Extensions) -> Problem {
    let PathRejection::FailedToDeserializePathParams(error) = rejection else {
        return broken(request, "Path is used where no route has parameters", rejection);
    };
    match error.kind() {
        ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. } => {
            broken(request, "the type of Path does not fit its route", error)
        }
        ErrorKind::Message(message) if names_no_parameter(message) => {
            broken(request, "the type of Path does not fit its route", error)
        }
        ErrorKind::InvalidUtf8InPathParam { .. } => {
            Problem::new(StatusCode::BAD_REQUEST).with_detail("the path is not UTF-8")
        }
        // What is sent names nothing that there is. That it could not even be a name is for whoever looks for the handler.
        _ => {
            tracing::debug!(target: "portcullis::axum", route = request.get().map(Route::as_str), cause = %OneLine(error), "no such path");
            Problem::new(StatusCode::NOT_FOUND)
        }
    }
    .for_request(request)
}

/// Whether a struct has other fields than the route has parameters. No request can bring that about.
fn names_no_parameter(message: &str) -> bool {
    message.starts_with("missing field `") || message.starts_with("unknown field `")
}

/// A mistake of the app, which the log is told and the client is not.
pub(super) fn broken(request: &Extensions, what: &str, cause: &dyn Display) -> Problem {
    tracing::error!(
        target: "portcullis::axum",
        request_id = request.get::<RequestId>().map(RequestId::as_str),
        route = request.get().map(Route::as_str),
        cause = %OneLine(cause),
        "{what}",
    );
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR).for_request(request)
}

/// For a request that is consumed before it is refused.
pub(super) fn with_id(problem: Problem, id: Option<RequestId>) -> Problem {
    match id {
        Some(id) => problem.with_request_id(id),
        None => problem,
    }
}

fn with_detail(problem: Problem, detail: Option<String>) -> Problem {
    match detail {
        Some(detail) => problem.with_detail(detail),
        None => problem,
    }
}

/// RFC 9110 section 15.5.16: `Accept` says what would have been taken.
fn wrong_type(problem: Problem, media_type: &'static str) -> Problem {
    problem
        .with_detail(format!("the body must be sent as {media_type}"))
        .with_header(ACCEPT, HeaderValue::from_static(media_type))
}

/// A body that says itself what to answer, as one that stalls does, is believed.
fn unread(problem: Problem, rejection: &BytesRejection) -> Problem {
    if let Some(own) = Problem::behind(rejection) {
        return own.clone();
    }
    problem.with_detail(match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => "the body is too large",
        _ => "the body could not be read",
    })
}
