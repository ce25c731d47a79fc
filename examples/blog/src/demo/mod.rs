//! Routes that misbehave on purpose, to show what the gate makes of it.

mod handlers;
mod n_plus_one;
pub(crate) mod routes;
