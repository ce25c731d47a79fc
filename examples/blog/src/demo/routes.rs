//! `/api/v1/demo`.

use axum::Extension;
use portcullis::authorize::Policy;
use portcullis::axum::Routes;
use portcullis::stack::Explanation;

use super::handlers::{error, gate, panic, panic_in_stream, slow};
use super::n_plus_one::n_plus_one;
use super::transactions::handlers::{isolation, nested, transaction, transfers};
use crate::state::AppState;

pub(crate) fn routes(explanation: Explanation) -> Routes<AppState> {
    Routes::new()
        .get("/gate", Policy::anyone(), gate)
        .get("/error", Policy::anyone(), error)
        .get("/panic", Policy::anyone(), panic)
        .get("/panic-in-stream", Policy::anyone(), panic_in_stream)
        .get("/slow", Policy::anyone(), slow)
        .get("/n-plus-one", Policy::anyone(), n_plus_one)
        .post("/transaction", Policy::anyone(), transaction)
        .post("/savepoint", Policy::anyone(), nested)
        .post("/isolation", Policy::anyone(), isolation)
        .post("/transfers", Policy::anyone(), transfers)
        .layer(Extension(explanation))
}
