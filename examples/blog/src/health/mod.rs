//! For load balancers: whether the process lives, and whether it can work.

pub(crate) mod handlers;
pub(crate) mod probe;
pub(crate) mod routes;
