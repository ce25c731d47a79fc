//! Headers that name another algorithm, another key, another kind of token, or demand what nobody understands.

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::gate::{Case, Expect};
use super::signer::{Signer, b64, claims, sign_as};

const RSA_PUBLIC: &[u8] = include_bytes!("../fixtures/jwt/rsa_public.pem");
const EC_PUBLIC: &[u8] = include_bytes!("../fixtures/jwt/p256_public.pem");
const ED_PUBLIC: &[u8] = include_bytes!("../fixtures/jwt/ed25519_public.pem");

pub(crate) fn cases(signer: &Signer) -> Vec<Case> {
    let mut cases = algorithms(signer);
    cases.extend(keys(signer));
    cases.extend(demands(signer));
    cases
}

fn algorithms(signer: &Signer) -> Vec<Case> {
    let payload = claims().to_string();
    let mut cases = Vec::new();
    let mut refuse = |name: &str, token: &str| cases.push(Case::with_token(name, token, Expect::Invalid));
    for alg in ["none", "None", "NONE", "nOnE", "none ", "", "null", "undefined"] {
        let header = signer.header_with(json!({ "alg": alg }));
        refuse(&format!("alg {alg:?}, signed"), &signer.sign(&header, &payload));
        refuse(
            &format!("alg {alg:?}, not signed"),
            &format!("{}.{}.", b64(&header), b64(&payload)),
        );
        refuse(
            &format!("alg {alg:?}, signed by a word"),
            &format!("{}.{}.none", b64(&header), b64(&payload)),
        );
    }
    let lower = signer.name.to_ascii_lowercase();
    for alg in [
        json!(lower),
        json!(format!(" {}", signer.name)),
        json!(format!("{}\0", signer.name)),
        json!([signer.name]),
        json!({ "alg": signer.name }),
        json!(256),
        json!(true),
        json!("HS257"),
        json!("ES256K"),
        json!("ES512"),
        json!("RSA-OAEP"),
        json!("dir"),
    ] {
        refuse(
            &format!("alg {alg}"),
            &signer.sign(signer.header_with(json!({ "alg": alg })), &payload),
        );
    }
    refuse(
        "no alg",
        &signer.sign(signer.header_with(json!({ "alg": null })), &payload),
    );
    refuse("alg null", &signer.sign(r#"{"alg":null,"kid":"key"}"#, &payload));
    for alg in [
        "HS256", "HS384", "HS512", "RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA",
    ] {
        if alg != signer.name {
            let header = signer.header_with(json!({ "alg": alg }));
            refuse(&format!("the name of {alg}"), &signer.sign(header, &payload));
        }
    }
    // What is public is no secret, in whatever form.
    for (name, secret) in [
        ("RSA in PEM", RSA_PUBLIC.to_vec()),
        ("EC in PEM", EC_PUBLIC.to_vec()),
        ("Ed25519 in PEM", ED_PUBLIC.to_vec()),
        ("RSA in PEM, trimmed", RSA_PUBLIC.trim_ascii_end().to_vec()),
        ("RSA in PEM, one line", lines(RSA_PUBLIC).into_bytes()),
        ("the set", signer.published().into_bytes()),
        ("nothing", Vec::new()),
        ("the id", b"key".to_vec()),
    ] {
        for kid in [json!("key"), json!("other"), Value::Null] {
            for (alg, algorithm) in [("HS256", Algorithm::HS256), ("HS512", Algorithm::HS512)] {
                let header = signer.header_with(json!({ "alg": alg, "kid": kid }));
                let token = sign_as(algorithm, &EncodingKey::from_secret(&secret), &header);
                refuse(&format!("a secret of {name} for {alg}, kid {kid}"), &token);
            }
        }
    }
    cases
}

fn lines(pem: &[u8]) -> String {
    let text = str::from_utf8(pem).unwrap();
    text.lines().filter(|line| !line.starts_with('-')).collect()
}

fn keys(signer: &Signer) -> Vec<Case> {
    let payload = claims().to_string();
    let mut cases = Vec::new();
    let mut case = |name: &str, token: &str, expect| cases.push(Case::with_token(name, token, expect));
    for kid in [
        "",
        "KEY",
        "key ",
        "other",
        "../../../../../../dev/null",
        "..\\..\\windows\\win.ini",
        "/proc/sys/kernel/randomize_va_space",
        "file:///dev/null",
        "http://169.254.169.254/latest/meta-data",
        "' OR '1'='1",
        "key'; DROP TABLE keys; --",
        "' UNION SELECT 'AAAA",
        "key\0",
        "$(id)",
        "${jndi:ldap://127.0.0.1/a}",
        "__proto__",
        "кey",
        "%6Bey",
    ] {
        // A secret without an id is meant by every id: there it says nothing.
        let expect = if signer.is_hmac() {
            Expect::Claims
        } else {
            Expect::Invalid
        };
        let header = signer.header_with(json!({ "kid": kid }));
        case(&format!("kid {kid:?}"), &signer.sign(&header, &payload), expect);
        case(
            &format!("kid {kid:?}, forged"),
            &signer.sign_by_stranger(&header),
            Expect::Invalid,
        );
    }
    case(
        "kid of 4 KiB",
        &signer.sign(signer.header_with(json!({ "kid": "k".repeat(4096) })), &payload),
        if signer.is_hmac() {
            Expect::Claims
        } else {
            Expect::Invalid
        },
    );
    for kid in ["null", "7", "true", "[\"key\"]", "{}"] {
        let header = format!(r#"{{"alg":"{}","kid":{kid}}}"#, signer.name);
        case(&format!("kid {kid}"), &signer.sign(header, &payload), Expect::Invalid);
    }
    case(
        "no kid",
        &signer.sign(signer.header_with(json!({ "kid": null })), &payload),
        Expect::Claims,
    );
    case(
        "kid with an escape",
        &signer.sign(
            format!(r#"{{"\u0061lg":"{}","kid":"\u006bey"}}"#, signer.name),
            &payload,
        ),
        Expect::Claims,
    );

    case(
        "a stranger",
        &signer.sign_by_stranger(signer.header().to_string()),
        Expect::Invalid,
    );
    cases.extend(brought_along(signer));
    cases
}

/// Whoever forges a token could bring the key along, or say where it is.
fn brought_along(signer: &Signer) -> Vec<Case> {
    let payload = claims().to_string();
    let mut cases = Vec::new();
    let mut case = |name: &str, token: &str, expect| cases.push(Case::with_token(name, token, expect));
    for (name, member) in [
        ("jwk", signer.stranger()),
        ("jwk", json!("")),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("jku", json!("https://id.example.com@127.0.0.1/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("url", json!("http://127.0.0.1:9/")),
        ("epk", json!({ "kty": "EC" })),
    ] {
        let mut object = signer.header();
        object[name] = member;
        let header = object.to_string();
        let forged = signer.sign_by_stranger(&header);
        case(&format!("{name} of a stranger"), &forged, Expect::Invalid);
        let good = signer.sign(&header, &payload);
        case(&format!("{name} in a good token"), &good, Expect::Claims);
        object.as_object_mut().unwrap().remove("kid");
        let unnamed = signer.sign_by_stranger(object.to_string());
        case(&format!("{name} of a stranger, no kid"), &unnamed, Expect::Invalid);
    }
    cases
}

fn demands(signer: &Signer) -> Vec<Case> {
    let payload = claims().to_string();
    let mut cases = Vec::new();
    let open = signer.open_header();
    for member in [
        r#""crit":["exp"]"#,
        r#""crit":["exp"],"exp":9999999999"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":["b64"],"b64":true"#,
        r#""crit":["b64"]"#,
        r#""crit":["alg"]"#,
        r#""crit":["kid","alg"]"#,
        r#""crit":["http://example.com/x"],"http://example.com/x":true"#,
        r#""crit":[]"#,
        r#""crit":[""]"#,
        r#""crit":[1]"#,
        r#""crit":[null]"#,
        r#""crit":"exp""#,
        r#""crit":null"#,
        r#""crit":false"#,
        r#""crit":{}"#,
        r#""crit":["x"],"crit":["y"]"#,
        r#""\u0063rit":["exp"]"#,
        r#""b64":false"#,
        r#""b64":null"#,
        r#""b64":0"#,
        r#""b64":"false""#,
    ] {
        let token = signer.sign(format!("{open},{member}}}"), &payload);
        cases.push(Case::with_token(member, &token, Expect::Invalid));
    }
    // As RFC 7797 would have it: the payload stands there as it is.
    let unencoded = signer.sign_segments(&b64(format!(r#"{open},"b64":false,"crit":["b64"]}}"#)), "eyJ");
    cases.push(Case::with_token("b64 false, not encoded", &unencoded, Expect::Invalid));
    for member in [
        r#""alg":"none""#,
        r#""\u0061lg":"none""#,
        r#""kid":"key""#,
        r#""kid":"other""#,
        r#""typ":"JWT","typ":"at+jwt""#,
        r#""x":1,"x":1"#,
        r#""x":{"y":1,"y":1}"#,
    ] {
        let token = signer.sign(format!("{open},{member}}}"), &payload);
        cases.push(Case::with_token(format!("twice: {member}"), &token, Expect::Invalid));
    }
    for member in [
        r#""b64":true"#,
        r#""Crit":["exp"]"#,
        r#""cty":"JWT""#,
        r#""x":{"y":[null,1.5,"\u00e9"]}"#,
    ] {
        let token = signer.sign(format!("{open},{member}}}"), &payload);
        cases.push(Case::with_token(format!("harmless: {member}"), &token, Expect::Claims));
    }
    cases
}
