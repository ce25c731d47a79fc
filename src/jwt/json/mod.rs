//! Reads JSON more strictly than `serde_json`: every name once, and not deeper than needed.
//!
//! RFC 8259 section 4 leaves the meaning of a repeated name open, and two readers of one token must not differ (RFC 7515
//! section 4, RFC 7519 section 4).

mod date;
mod names;
mod object;
mod text;
mod value;

pub(super) use self::date::NumericDate;
pub(super) use self::object::{Member, Members, Object, read_object, skip};
pub(super) use self::text::{AnyOf, Anything, Text};
pub(super) use self::value::keep;
