//! Claims of another issuer, for another audience, out of time, or of another type than they have.

use serde_json::{Value, json};

use super::gate::{AUDIENCE, Case, Expect, ISSUER};
use super::signer::{Signer, claims_and, claims_of, claims_with, now};

pub(crate) fn cases(signer: &Signer) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = |name: &str, payload: &str, expect| {
        cases.push(Case::with_token(name, &signer.sign_claims(payload), expect));
    };

    for issuer in [
        json!(null),
        json!(""),
        json!("https://evil.example"),
        json!(format!("{ISSUER}/")),
        json!(format!("{ISSUER}.evil.example")),
        json!(ISSUER.to_uppercase()),
        json!(ISSUER.replace("https", "http")),
        json!(format!(" {ISSUER}")),
        json!(format!("{ISSUER}\0")),
        json!([ISSUER]),
        json!({ "iss": ISSUER }),
        json!(7),
        json!(true),
    ] {
        case(
            &format!("iss {issuer}"),
            &claims_with(json!({ "iss": issuer })),
            Expect::Invalid,
        );
    }
    case("iss null", &claims_of("iss", "null"), Expect::Invalid);

    for audience in [
        json!(null),
        json!(""),
        json!("other"),
        json!([]),
        json!(["other"]),
        json!([""]),
        json!([[AUDIENCE]]),
        json!([AUDIENCE, 7]),
        json!([AUDIENCE, null]),
        json!([{ "aud": AUDIENCE }]),
        json!({ "aud": AUDIENCE }),
        json!(7),
        json!(true),
        json!("Shop"),
        json!("shop "),
        json!("shopping"),
        json!("sho"),
        json!("other shop"),
        json!("other,shop"),
        json!("*"),
    ] {
        case(
            &format!("aud {audience}"),
            &claims_with(json!({ "aud": audience })),
            Expect::Invalid,
        );
    }
    case("aud null", &claims_of("aud", "null"), Expect::Invalid);
    for audience in [
        json!([AUDIENCE]),
        json!(["other", AUDIENCE]),
        json!([AUDIENCE, AUDIENCE]),
    ] {
        case(
            &format!("aud {audience}"),
            &claims_with(json!({ "aud": audience })),
            Expect::Claims,
        );
    }

    times(&mut case);
    types(&mut case);
    good(&mut case);
    cases
}

fn times(case: &mut impl FnMut(&str, &str, Expect)) {
    let now = now();
    case("no exp", &claims_with(json!({ "exp": null })), Expect::Invalid);
    for value in [
        "null",
        "true",
        "\"9999999999\"",
        "\"\"",
        "[9999999999]",
        "{}",
        "NaN",
        "Infinity",
        "1e999",
        "-1",
        "-1.5",
        "-9999999999",
        "-1e999",
        "253402300800",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999999999",
        "1e300",
        "1e18",
        // Milliseconds, taken for seconds.
        "1764000000000",
        "0x7fffffff",
        "+9999999999",
        "9999999999.",
        ".5",
        "01",
        "9_999_999_999",
    ] {
        for name in ["exp", "nbf", "iat"] {
            case(&format!("{name} {value}"), &claims_of(name, value), Expect::Invalid);
        }
    }
    for value in ["0", "0.0", "1e-400", "1", "1300819380", "1300819380.5", "1.3e9"] {
        case(&format!("exp {value}"), &claims_of("exp", value), Expect::Expired);
    }
    for seconds in [31, 60, 3600] {
        case(
            &format!("expired for {seconds} s"),
            &claims_with(json!({ "exp": now - seconds })),
            Expect::Expired,
        );
    }
    for seconds in [60, 3600, 1_000_000_000] {
        let payload = claims_with(json!({ "nbf": now + seconds }));
        case(&format!("not valid for {seconds} s"), &payload, Expect::NotYet);
    }
    case(
        "expired, and of another issuer",
        &claims_with(json!({ "exp": 1, "iss": "x" })),
        Expect::Invalid,
    );
    case(
        "expired, and for another audience",
        &claims_with(json!({ "exp": 1, "aud": "x" })),
        Expect::Invalid,
    );
    case(
        "expired before it was valid",
        &claims_with(json!({ "exp": 1, "nbf": now + 600 })),
        Expect::Expired,
    );
    case(
        "exp in capitals",
        &claims_with(json!({ "exp": null, "EXP": now + 600 })),
        Expect::Invalid,
    );

    case(
        "exp as a fraction",
        &claims_with(json!({ "exp": 9_999_999_999.5 })),
        Expect::Claims,
    );
    case("exp with an exponent", &claims_of("exp", "9.9e10"), Expect::Claims);
    case(
        "exp within the leeway",
        &claims_with(json!({ "exp": now - 10 })),
        Expect::Claims,
    );
    case(
        "the last exp there is",
        &claims_of("exp", "253402300799"),
        Expect::Claims,
    );
    case(
        "nbf within the leeway",
        &claims_with(json!({ "nbf": now + 20 })),
        Expect::Claims,
    );
    case("nbf in 1970", &claims_with(json!({ "nbf": 0 })), Expect::Claims);
    // RFC 7519 gives no rule by which a time of issue could make a token invalid.
    case(
        "iat to come",
        &claims_with(json!({ "iat": now + 3600 })),
        Expect::Claims,
    );
}

fn types(case: &mut impl FnMut(&str, &str, Expect)) {
    for name in ["sub", "jti", "sid"] {
        for value in ["null", "7", "1.5", "true", "[]", "[\"42\"]", "{}", "{\"id\":42}"] {
            case(&format!("{name} {value}"), &claims_of(name, value), Expect::Invalid);
        }
    }
    for text in [
        r#""sub":"1""#,
        r#""sub":"42""#,
        r#""iss":"https://evil.example""#,
        r#""aud":"other""#,
        r#""exp":9999999999"#,
        r#""\u0065xp":9999999999"#,
        r#""\u0073\u0075\u0062":"1""#,
        r#""nbf":0,"nbf":0"#,
        r#""roles":["reader"],"roles":["admin"]"#,
        r#""roles":["reader"],"role\u0073":["admin"]"#,
        r#""act":{"sub":"1","sub":"2"}"#,
        r#""a":[[{"b":{"c":1,"c":1}}]]"#,
        r#""":1,"":2"#,
    ] {
        case(&format!("twice: {text}"), &claims_and(text), Expect::Invalid);
    }
    let many: Vec<String> = (0..100).map(|number| format!(r#""n{number}":1"#)).collect();
    let many = many.join(",");
    case(
        "many names, one of them twice",
        &claims_and(&format!(r#"{many},"n0":1"#)),
        Expect::Invalid,
    );
    case("many names", &claims_and(&many), Expect::Claims);
}

fn good(case: &mut impl FnMut(&str, &str, Expect)) {
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(31), close.repeat(31));
    for text in [
        r#""name":"Zoë 🦀","e\u0301":"é""#,
        r#""name":"\ud83e\udd80 \u0000 \" \\ \/ \b\f\n\r\t""#,
        r#""n":123456789012345678901234567890,"m":-0,"o":1e-400,"p":1E+2"#,
        r#""x":null,"y":true,"z":[],"a":{}"#,
        r#""jti":"7","sid":"8","nbf":1"#,
        r#""roles":"admin","scope":"a b","scp":["c"]"#,
        r#""EXP":1,"Sub":2,"exp ":3"#,
        r#""__proto__":{"admin":true},"constructor":1"#,
        &format!(r#""x":{}"#, nested("[", "]")),
        &format!(r#""x":{}"#, nested(r#"{"y":"#, "}")),
        &format!(r#""x":"{}""#, "x".repeat(4000)),
    ] {
        let name = text.chars().take(60).collect::<String>();
        case(&name, &claims_and(text), Expect::Claims);
    }
    // The gate says who is calling where the token does.
    case("no sub", &claims_with(json!({ "sub": null })), Expect::Claims);
    case("an empty sub", &claims_with(json!({ "sub": "" })), Expect::Claims);
    let spaced = claims_with(json!({}))
        .replace(',', " ,\r\n\t")
        .replace(':', " : ")
        .replace(" : //", "://");
    case("white space", &format!("\n {spaced} \t"), Expect::Claims);
    let escaped = claims_with(json!({})).replace("\"exp\"", r#""\u0065\u0078\u0070""#);
    case("a name with escapes", &escaped, Expect::Claims);
    let value: Value = serde_json::from_str(&escaped).unwrap();
    assert!(value["exp"].is_u64());
}
