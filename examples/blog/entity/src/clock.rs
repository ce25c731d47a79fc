//! The time as the databases keep it.

use chrono::{NaiveDateTime, SubsecRound, Utc};

/// Now, in UTC, cut to microseconds.
///
/// `MariaDB` and `PostgreSQL` would round what is finer, and the row that is read would not equal the one that was written.
pub fn now() -> NaiveDateTime {
    Utc::now().naive_utc().trunc_subsecs(6)
}
