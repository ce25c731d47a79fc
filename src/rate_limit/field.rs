use std::fmt;
use std::io::Write;

use bytes::Bytes;
use http::HeaderValue;

/// More than the longest field takes: a name of 64 bytes and two numbers.
const LONGEST: usize = 160;

/// The value of a header for one allocation; numbers by themselves and `format!` take two.
///
/// What is written is visible ASCII, by the rules for the names of quotas, and so always a value.
pub(super) fn value(text: fmt::Arguments<'_>) -> HeaderValue {
    let mut buffer = [0; LONGEST];
    let mut rest = buffer.as_mut_slice();
    let _ = rest.write_fmt(text);
    let unused = rest.len();
    let written = buffer.get(..LONGEST - unused).unwrap_or_default();
    HeaderValue::from_maybe_shared(Bytes::copy_from_slice(written)).unwrap_or(HeaderValue::from_static(""))
}
