//! `/api/v1/demo`.

use axum::Extension;
use portcullis::ConfigError;
use portcullis::authorize::Policy;
use portcullis::axum::Routes;
use portcullis::stack::Explanation;
use portcullis::throttle::ThrottleLayer;

use super::handlers::{error, gate, panic, panic_in_stream, slow};
use super::n_plus_one::n_plus_one;
use super::transactions::handlers::{isolation, nested, transaction, transfers};
use crate::state::AppState;

/// Demonstrations of transactions at once, and as many that wait: each of them takes two connections, and holds locks.
const TRANSACTIONS: usize = 2;

pub(crate) fn routes(explanation: Explanation) -> Result<Routes<AppState>, ConfigError> {
    let transactions = Routes::new()
        .post("/transaction", Policy::anyone(), transaction)
        .post("/savepoint", Policy::anyone(), nested)
        .post("/isolation", Policy::anyone(), isolation)
        .post("/transfers", Policy::anyone(), transfers)
        .layer(ThrottleLayer::new(TRANSACTIONS)?);
    Ok(Routes::new()
        .get("/gate", Policy::anyone(), gate)
        .get("/error", Policy::anyone(), error)
        .get("/panic", Policy::anyone(), panic)
        .get("/panic-in-stream", Policy::anyone(), panic_in_stream)
        .get("/slow", Policy::anyone(), slow)
        .get("/n-plus-one", Policy::anyone(), n_plus_one)
        .merge(transactions)
        .layer(Extension(explanation)))
}
