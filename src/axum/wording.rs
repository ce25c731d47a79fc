//! What a client may read of a deserializer's message.
//!
//! The messages of serde name Rust types and repeat what was sent. The first is nobody's business; the second may be a password
//! in the wrong place, and a problem's detail may be logged.

use std::error::Error as StdError;

use serde_path_to_error::{Error as Fault, Path, Segment};

/// Characters of a message: longer ones have been made long by the client.
const LONGEST_MESSAGE: usize = 240;

const LONGEST_PATH: usize = 120;

/// Where in a JSON body the fault is, and what it is.
pub(super) fn json_data(rejection: &(dyn StdError + 'static)) -> Option<String> {
    let fault: &Fault<serde_json::Error> = find(rejection)?;
    let message = fault.inner().to_string();
    // The path says more than the column does.
    let place = format!(" at line {} column {}", fault.inner().line(), fault.inner().column());
    Some(located(fault.path(), message.strip_suffix(&place).unwrap_or(&message)))
}

/// Why a body is no JSON, and where; these messages are fixed.
pub(super) fn json_syntax(rejection: &(dyn StdError + 'static)) -> Option<String> {
    let error = match find::<Fault<serde_json::Error>>(rejection) {
        Some(fault) => fault.inner(),
        None => find(rejection)?,
    };
    Some(error.to_string())
}

/// Which parameter of a query or form is at fault, and why.
pub(super) fn form_data(rejection: &(dyn StdError + 'static)) -> Option<String> {
    let fault: &Fault<serde::de::value::Error> = find(rejection)?;
    Some(located(fault.path(), &fault.inner().to_string()))
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| (**error).source()).find_map(|error| error.downcast_ref())
}

fn located(path: &Path, message: &str) -> String {
    let message = plain(message);
    if path.iter().all(|segment| matches!(segment, Segment::Unknown)) {
        return message;
    }
    format!("{}: {message}", cut(&path.to_string(), LONGEST_PATH))
}

/// The message without Rust's names and without the client's values.
pub(super) fn plain(message: &str) -> String {
    let text = if let Some((found, expected)) = after(message, "invalid type: ") {
        format!("invalid type: {}, expected {}", kind(found), expectation(expected))
    } else if let Some((found, expected)) = after(message, "invalid value: ") {
        format!("invalid value: {}, expected {}", kind(found), expectation(expected))
    } else if let Some((length, expected)) = after(message, "invalid length ") {
        format!("invalid length {length}, expected {}", expectation(expected))
    } else if let Some(rest) = message.strip_prefix("unknown variant `") {
        match rest.rsplit_once("`, expected ") {
            Some((_, allowed)) => format!("unknown value, expected {allowed}"),
            None => "unknown value".to_owned(),
        }
    } else if message.starts_with("data did not match any variant of ") || message.starts_with("no variant of enum ") {
        "matches none of the forms that are allowed".to_owned()
    } else {
        parsed(message).to_owned()
    };
    cut(&text, LONGEST_MESSAGE)
}

/// What the standard library says of a parameter that is a number or a truth.
fn parsed(message: &str) -> &str {
    match message {
        "invalid digit found in string" | "cannot parse integer from empty string" => "not a whole number",
        "number too large to fit in target type" => "the number is too large",
        "number too small to fit in target type" => "the number is too small",
        "invalid float literal" | "cannot parse float from empty string" => "not a number",
        "provided string was not `true` or `false`" => "neither `true` nor `false`",
        // The app's own words, or another parser's.
        other => other,
    }
}

fn after<'a>(message: &'a str, prefix: &str) -> Option<(&'a str, &'a str)> {
    // From the right: what was sent stands before it and may hold the same words.
    message.strip_prefix(prefix)?.rsplit_once(", expected ")
}

/// What was sent, without its value.
fn kind(found: &str) -> &'static str {
    let end = found.find(['`', '"']).unwrap_or(found.len());
    match found.get(..end).unwrap_or_default().trim_end() {
        "map" | "newtype variant" | "tuple variant" | "struct variant" => "object",
        "sequence" => "list",
        "unit value" | "null" => "null",
        "unit variant" => "name",
        "byte array" => "bytes",
        "boolean" => "boolean",
        "integer" => "integer",
        "character" => "character",
        "string" => "string",
        "number" | "floating point" => "number",
        // A name of Rust's, or what a visitor of another crate says of it, and that may be what was sent.
        _ => "value",
    }
}

/// What was expected, in the words of JSON.
fn expectation(expected: &str) -> String {
    let plain = match expected {
        "u8" => return whole(u8::MIN, u8::MAX),
        "u16" => return whole(u16::MIN, u16::MAX),
        "u32" => return whole(u32::MIN, u32::MAX),
        "u64" | "usize" => return whole(u64::MIN, u64::MAX),
        "i8" => return whole(i8::MIN, i8::MAX),
        "i16" => return whole(i16::MIN, i16::MAX),
        "i32" => return whole(i32::MIN, i32::MAX),
        "i64" | "isize" => return whole(i64::MIN, i64::MAX),
        "u128" | "i128" => "a whole number",
        "f32" | "f64" => "a number",
        "a map" | "struct variant" => "an object",
        "a sequence" | "tuple variant" => "a list",
        "newtype variant" => "a value",
        "string or map" => "a string or an object",
        "map with a single key" => "an object of one member",
        "a borrowed string" => "a string",
        "unit" => "null",
        "option" => "a value or null",
        "unit variant" | "variant identifier" | "field identifier" => "a name",
        other => return construct(other),
    };
    plain.to_owned()
}

fn whole(least: impl std::fmt::Display, most: impl std::fmt::Display) -> String {
    format!("a whole number from {least} to {most}")
}

fn construct(expected: &str) -> String {
    if let Some(number) = expected.strip_prefix("a nonzero ") {
        return format!("{}, not 0", expectation(number));
    }
    for list in ["an array of length ", "a tuple of size "] {
        if let Some(length) = expected.strip_prefix(list) {
            return format!("a list of {length} elements");
        }
    }
    let constructs = [
        ("tuple struct ", "a list"),
        ("tuple variant ", "a list"),
        ("unit struct ", "null"),
        ("unit variant ", "null"),
        ("struct ", "an object"),
        ("struct variant ", "an object"),
        ("internally tagged enum ", "an object"),
        ("adjacently tagged enum ", "an object"),
        ("enum ", "one of several forms"),
    ];
    for (name, plain) in constructs {
        if expected.starts_with(name) {
            return match expected.rsplit_once(" with ") {
                Some((_, elements)) => format!("a list of {elements}"),
                None => plain.to_owned(),
            };
        }
    }
    // The app's own words, from a visitor or an `expecting` of its own.
    expected.to_owned()
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
