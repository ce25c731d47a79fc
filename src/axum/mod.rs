//! For axum: responses, extractors, and what axum puts into a request's extensions.

pub(crate) mod extensions;
mod response;
