//! Routes that misbehave on purpose, to show what the gate makes of it.

mod handlers;
pub(crate) mod routes;
