//! Routes that misbehave on purpose, to show what the gate and the database make of it.

mod handlers;
pub(crate) mod routes;
mod transactions;
