//! One target a parser. Each holds what was let through against a reading of its own.

mod client_ip;
mod connection;
mod cors;
mod token;
mod trace_context;

pub(crate) const ALL: [(&str, fn(&[u8])); 5] = [
    ("client_ip", client_ip::run),
    ("connection", connection::run),
    ("cors", cors::run),
    ("token", token::run),
    ("trace_context", trace_context::run),
];
