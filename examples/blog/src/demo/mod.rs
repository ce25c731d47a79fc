//! Routes that misbehave on purpose, to show what the gate and the database make of it.

mod handlers;
mod n_plus_one;
pub(crate) mod routes;
mod transactions;
