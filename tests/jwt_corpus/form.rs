//! What is not three segments of base64url, or whose segments are not JSON.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use serde_json::json;

use super::gate::{Case, Expect};
use super::signer::{Signer, b64, claims, claims_and};

pub(crate) fn cases(signer: &Signer) -> Vec<Case> {
    let good = signer.good();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("{good}")
    };
    let mut cases = Vec::new();
    let mut case = |name: &str, token: String, expect| cases.push(Case::with_token(name, &token, expect));

    case("good", good.clone(), Expect::Claims);
    for (name, token) in [
        ("one part", header.to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        (
            "five parts, as of a JWE",
            format!("{header}.{payload}.{signature}.{payload}.{signature}"),
        ),
        ("a full stop before", format!(".{good}")),
        ("a full stop after", format!("{good}.")),
        ("full stops alone", "..".to_owned()),
        ("more full stops", "....".to_owned()),
        ("no header", format!(".{payload}.{signature}")),
        ("no payload", format!("{header}..{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("a gap", format!("{header}..{payload}.{signature}")),
        (
            "payload and signature swapped",
            format!("{header}.{signature}.{payload}"),
        ),
        ("header and payload swapped", format!("{payload}.{header}.{signature}")),
        ("the word undefined", "undefined".to_owned()),
        ("the word null", "null".to_owned()),
        ("padded", format!("{good}=")),
        ("padded twice", format!("{good}==")),
        ("a tilde", format!("{header}.{payload}.~{signature}")),
        ("a slash", format!("{header}.{payload}/.{signature}")),
        (
            "longer than 8 KiB",
            signer.sign_claims(claims_and(&format!(r#""x":"{}""#, "x".repeat(8192)))),
        ),
        ("as long as a head may be", format!("{good}{}", "A".repeat(40_000))),
        ("payload padded within", signer.sign_segments(header, &pad(payload))),
    ] {
        // Where the padding is not at the end, it is no credential either.
        let malformed = token.trim_end_matches('=').contains('=');
        case(name, token, if malformed { Expect::Malformed } else { Expect::Invalid });
    }
    for (name, token) in [
        ("a space within", format!("{header}. {payload}.{signature}")),
        ("a tab within", format!("{header}.\t{payload}.{signature}")),
        ("a quoted token", format!("\"{good}\"")),
        ("a percent code", good.replace('.', "%2E")),
        ("brackets", format!("[{good}]")),
        ("a comma", format!("{good},")),
        (
            "the serialisation in JSON",
            json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
        ),
        (
            "the general serialisation in JSON",
            json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] }).to_string(),
        ),
        ("header padded within", signer.sign_segments(&pad(header), payload)),
    ] {
        case(name, token, Expect::Malformed);
    }

    cases.extend(encodings(signer, header, payload));
    let text = claims().to_string();
    for (name, document) in documents() {
        let token = signer.sign_claims(&document);
        cases.push(Case::with_token(format!("payload: {name}"), &token, Expect::Invalid));
        let token = signer.sign(document, &text);
        cases.push(Case::with_token(format!("header: {name}"), &token, Expect::Invalid));
    }
    cases
}

/// Signed rightly, as it stands.
fn encodings(signer: &Signer, header: &str, payload: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: &str, token: String, expect| cases.push(Case::with_token(name, &token, expect));
    let text = claims().to_string();
    for (name, payload) in [
        (
            "the other alphabet",
            STANDARD_NO_PAD.encode(claims_and(r#""x":"???>>>~~~""#)),
        ),
        ("bits that no byte needs", uncanonical(&b64(&text))),
        ("a length that no bytes have", format!("{}A", b64(vec![b'x'; 3]))),
        ("a payload in base64 twice", b64(b64(&text))),
    ] {
        case(name, signer.sign_segments(header, &payload), Expect::Invalid);
    }
    for (name, encoded) in [
        (
            "a header with padding",
            URL_SAFE.encode(signer.header().to_string() + " "),
        ),
        ("a payload with padding", STANDARD.encode(text.clone() + "  ")),
    ] {
        let token = if name.starts_with("a header") {
            signer.sign_segments(&encoded, payload)
        } else {
            signer.sign_segments(header, &encoded)
        };
        let malformed = token.contains('=');
        case(name, token, if malformed { Expect::Malformed } else { Expect::Claims });
    }
    case(
        "a header with bits that no byte needs",
        signer.sign_segments(&uncanonical(&b64(signer.header().to_string() + " ")), payload),
        Expect::Invalid,
    );

    cases
}

fn pad(segment: &str) -> String {
    format!("{segment}=")
}

/// The same bytes, by other characters.
fn uncanonical(segment: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // With a length that has spare bits the last character may be the next one as well.
    let segment = if segment.len().is_multiple_of(4) {
        format!("{segment}IA")
    } else {
        segment.to_owned()
    };
    let (rest, last) = segment.split_at(segment.len() - 1);
    let place = ALPHABET.find(last).unwrap();
    format!("{rest}{}", &ALPHABET[place + 1..=place + 1])
}

/// What is no JSON object of unique names in UTF-8.
fn documents() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let good = claims().to_string();
    vec![
        ("white space", text("  ")),
        ("a number", text("1")),
        ("a string", text(r#""sub""#)),
        ("an array", text("[]")),
        ("an array of the claims", text(&format!("[{good}]"))),
        ("null", text("null")),
        ("true", text("true")),
        ("no end", text(&good[..good.len() - 1])),
        ("two objects", text(&format!("{good}{good}"))),
        ("something after it", text(&format!("{good}x"))),
        ("a NUL after it", text(&format!("{good}\0"))),
        ("a comma too many", text(&good.replace('}', ",}"))),
        ("a comment", text(&good.replace('{', "{/* */"))),
        ("single quotes", text(&good.replace('"', "'"))),
        ("names without quotes", text("{sub:42}")),
        ("a byte order mark", text(&format!("\u{feff}{good}"))),
        ("UTF-16", good.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        (
            "bytes that are no UTF-8",
            [&good.as_bytes()[..good.len() - 1], b",\"x\":\"\xff\"}"].concat(),
        ),
        (
            "an overlong form",
            [&good.as_bytes()[..good.len() - 1], b",\"x\":\"\xc0\xaf\"}"].concat(),
        ),
        (
            "half of a surrogate pair in bytes",
            [&good.as_bytes()[..good.len() - 1], b",\"x\":\"\xed\xa0\x80\"}"].concat(),
        ),
        ("a control character in a string", text(&claims_and("\"x\":\"\u{1}\""))),
        ("half of a surrogate pair", text(&claims_and(r#""x":"\ud800""#))),
        ("the other half", text(&claims_and(r#""x":"\udc00\ud800""#))),
        ("half of a surrogate pair in a name", text(&claims_and(r#""\ud800":1"#))),
        ("an escape that is none", text(&claims_and(r#""x":"\x41""#))),
        ("a name twice", text(&claims_and(r#""x":1,"x":2"#))),
        (
            "a name twice, once with an escape",
            text(&claims_and(r#""x":1,"\u0078":2"#)),
        ),
        ("a name twice, further in", text(&claims_and(r#""x":[{"y":1,"y":1}]"#))),
        ("no number", text(&claims_and(r#""x":NaN"#))),
        ("infinity", text(&claims_and(r#""x":Infinity"#))),
        ("a number beyond all", text(&claims_and(r#""x":1e999"#))),
        (
            "a number beyond all, further in",
            text(&claims_and(r#""x":[{"y":-1e999}]"#)),
        ),
        ("a number in base 16", text(&claims_and(r#""x":0x10"#))),
        ("a number with a zero before it", text(&claims_and(r#""x":01"#))),
        (
            "arrays too deep",
            text(&claims_and(&format!(r#""x":{}{}"#, "[".repeat(33), "]".repeat(33)))),
        ),
        (
            "objects too deep",
            text(&claims_and(&format!(
                r#""x":{}1{}"#,
                r#"{"y":"#.repeat(33),
                "}".repeat(33)
            ))),
        ),
        (
            "arrays without end",
            text(&claims_and(&format!(r#""x":{}"#, "[".repeat(5000)))),
        ),
    ]
}
