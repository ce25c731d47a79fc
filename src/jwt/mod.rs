//! Token verification.
