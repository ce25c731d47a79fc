//! A log that a test can read back: that of the unit tests, which the package has and this folder is not part of.

#[path = "../../src/rate_limit/shared/tests/log.rs"]
mod unit;

pub(crate) use self::unit::*;
