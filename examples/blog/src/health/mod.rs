//! For load balancers: whether the process lives, and whether it can work.

mod handlers;
pub(crate) mod routes;
