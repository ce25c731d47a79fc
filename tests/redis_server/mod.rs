//! A Redis to test on: that of the unit tests, which the package has and this folder is not part of.

#[path = "../../src/rate_limit/shared/tests/server.rs"]
#[allow(dead_code, reason = "no test needs all of it")]
mod unit;

pub(crate) use self::unit::*;
