use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// 9999-12-31T23:59:59Z. What lies beyond is milliseconds taken for seconds.
const LATEST: Duration = Duration::from_secs(253_402_300_799);

/// Seconds since 1970, whole or not (RFC 7519 section 2), up to the year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::jwt) struct NumericDate(pub(in crate::jwt) Duration);

impl NumericDate {
    pub(in crate::jwt) fn new(since_1970: Duration) -> Option<Self> {
        (since_1970 <= LATEST).then_some(Self(since_1970))
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;
        impl Visitor<'_> for Seconds {
            type Value = NumericDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds between 1970 and the year 9999")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<NumericDate, E> {
                NumericDate::new(Duration::from_secs(seconds)).ok_or_else(|| E::custom("beyond the year 9999"))
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<NumericDate, E> {
                let date = Duration::try_from_secs_f64(seconds).ok().and_then(NumericDate::new);
                date.ok_or_else(|| E::custom("before 1970 or beyond the year 9999"))
            }
        }
        deserializer.deserialize_f64(Seconds)
    }
}
