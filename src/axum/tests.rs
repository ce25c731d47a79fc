use proptest::prelude::*;
use serde::Deserialize;

use super::wording::plain;

#[test]
fn messages_lose_types_and_values() {
    fn check(message: &str, expect: &str) {
        assert_eq!(plain(message), expect, "{message}");
    }
    check("missing field `title`", "missing field `title`");
    check("duplicate field `title`", "duplicate field `title`");
    check(
        "unknown field `x`, expected one of `a`, `b`",
        "unknown field `x`, expected one of `a`, `b`",
    );
    check(
        "unknown variant `secret`, expected `asc` or `desc`",
        "unknown value, expected `asc` or `desc`",
    );
    check(
        "unknown variant `secret`, expected secret`, expected `asc` or `desc`",
        "unknown value, expected `asc` or `desc`",
    );
    check("unknown variant `secret`, there are no variants", "unknown value");
    check(
        r#"invalid type: string "secret", expected u8"#,
        "invalid type: string, expected a whole number from 0 to 255",
    );
    check(
        r#"invalid type: string "a, expected struct B", expected i16"#,
        "invalid type: string, expected a whole number from -32768 to 32767",
    );
    check(
        "invalid value: integer `300`, expected u8",
        "invalid value: integer, expected a whole number from 0 to 255",
    );
    check(
        "invalid value: integer `0`, expected a nonzero u8",
        "invalid value: integer, expected a whole number from 0 to 255, not 0",
    );
    check(
        "invalid type: floating point `1.5`, expected u64",
        "invalid type: number, expected a whole number from 0 to 18446744073709551615",
    );
    check(
        "invalid type: null, expected f64",
        "invalid type: null, expected a number",
    );
    check(
        "invalid type: map, expected a sequence",
        "invalid type: object, expected a list",
    );
    check(
        "invalid type: sequence, expected struct CreatePost",
        "invalid type: list, expected an object",
    );
    check(
        "invalid type: sequence, expected internally tagged enum Shape",
        "invalid type: list, expected an object",
    );
    check(
        "invalid length 1, expected struct CreatePost with 2 elements",
        "invalid length 1, expected a list of 2 elements",
    );
    check(
        "invalid length 1, expected tuple struct Pair with 2 elements",
        "invalid length 1, expected a list of 2 elements",
    );
    check(
        "invalid length 1, expected an array of length 3",
        "invalid length 1, expected a list of 3 elements",
    );
    check(
        "data did not match any variant of untagged enum Inner",
        "matches none of the forms that are allowed",
    );
    check(
        "invalid type: integer `1`, expected unit variant Apart::Bare",
        "invalid type: integer, expected null",
    );
    check(
        "no variant of enum Shape found in flattened data",
        "matches none of the forms that are allowed",
    );
    // What another crate's visitor has found, in which the value may stand.
    check(
        "invalid value: SECRET, expected a colour",
        "invalid value: value, expected a colour",
    );
    check(
        "invalid type: enum, expected u8",
        "invalid type: value, expected a whole number from 0 to 255",
    );
    check(
        "invalid type: newtype struct, expected a string",
        "invalid type: value, expected a string",
    );
    check(
        "invalid type: byte array, expected a string",
        "invalid type: bytes, expected a string",
    );
    // What an app or a parser says in its own words stays.
    check("must be a multiple of 5", "must be a multiple of 5");
    check("UUID parsing failed", "UUID parsing failed");
    check(
        "invalid type: integer `1`, expected an RFC 3339 date",
        "invalid type: integer, expected an RFC 3339 date",
    );
}

/// What the standard library says speaks of strings and types.
#[test]
fn parsers_speak_to_clients() {
    fn check<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, expect: &str) {
        let error = text.parse::<T>().err().unwrap().to_string();
        assert_eq!(plain(&error), expect, "{error}");
    }
    check::<u8>("x", "not a whole number");
    check::<u8>("", "not a whole number");
    check::<u8>("256", "the number is too large");
    check::<i8>("-129", "the number is too small");
    check::<f32>("x", "not a number");
    check::<f32>("", "not a number");
    check::<bool>("x", "neither `true` nor `false`");
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only what is refused matters")]
struct Telling {
    small: u8,
    real: f32,
    text: String,
    maybe: Option<Nested>,
    list: Vec<Nested>,
    pair: (bool, char),
    shape: Shape,
    any: Any,
    tagged: Tagged,
    apart: Apart,
    unit: Unit,
    wrapped: Wrapped,
    spread: Spread,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only what is refused matters")]
struct Spread {
    #[serde(flatten)]
    shape: Shape,
}

#[derive(Debug, Deserialize)]
struct Nested {
    #[expect(dead_code, reason = "only what is refused matters")]
    deep: i64,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only what is refused matters")]
enum Shape {
    Circle(f64),
    Square { side: u16 },
    Pair(u8, u8),
    Point,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[expect(dead_code, reason = "only what is refused matters")]
enum Any {
    Number(u8),
    Nested(Nested),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind")]
#[expect(dead_code, reason = "only what is refused matters")]
enum Tagged {
    One { value: u8 },
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", content = "value")]
#[expect(dead_code, reason = "only what is refused matters")]
enum Apart {
    Two(u8),
    Bare,
}

#[derive(Debug, Deserialize)]
struct Unit;

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only what is refused matters")]
struct Wrapped(u8, u8);

/// Any JSON, of the shapes that fit and those that do not.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let names = prop_oneof![
        Just("small"),
        Just("real"),
        Just("text"),
        Just("maybe"),
        Just("list"),
        Just("pair"),
        Just("shape"),
        Just("any"),
        Just("tagged"),
        Just("apart"),
        Just("unit"),
        Just("wrapped"),
        Just("spread"),
        Just("deep"),
        Just("kind"),
        Just("value"),
        Just("Circle"),
        Just("Square"),
        Just("Pair"),
        Just("Point"),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        Just("SECRET".into()),
        Just("Point".into()),
        Just("Circle".into()),
        Just("Bare".into()),
        Just("One".into()),
    ];
    leaf.prop_recursive(4, 40, 12, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::vec((names.clone(), inner), 0..12).prop_map(|pairs| pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

/// One field of [`Telling`] at a time, so that every one is reached.
fn refusals(value: &serde_json::Value) -> impl Iterator<Item = String> {
    fn of<'a, T: Deserialize<'a>>(value: &'a serde_json::Value) -> Option<String> {
        T::deserialize(value).err().map(|error| error.to_string())
    }
    [
        of::<Telling>(value),
        of::<Nested>(value),
        of::<Option<Nested>>(value),
        of::<Vec<Nested>>(value),
        of::<(bool, char)>(value),
        of::<[f32; 2]>(value),
        of::<Shape>(value),
        of::<Any>(value),
        of::<Tagged>(value),
        of::<Apart>(value),
        of::<Unit>(value),
        of::<Wrapped>(value),
        of::<Spread>(value),
        of::<std::num::NonZeroU8>(value),
        of::<std::time::Duration>(value),
    ]
    .into_iter()
    .flatten()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_rust_and_no_secret_comes_through(value in json()) {
        for message in refusals(&value) {
            let text = plain(&message);
            for name in [
                "Telling", "Nested", "Shape", "Any", "Tagged", "Apart", "Unit", "Wrapped", "Spread", "Duration", "::",
                "struct", "enum ", "tuple", "variant", "map", "u8", "f32", "i64", "SECRET",
            ] {
                prop_assert!(!text.contains(name), "{} in {} of {}", name, text, message);
            }
        }
    }

    #[test]
    fn no_message_is_long(message in "(invalid type: |unknown field `|unknown variant `)?.{0,600}") {
        prop_assert!(plain(&message).chars().count() <= 241);
    }
}
