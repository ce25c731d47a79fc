//! Tokens of every type: only those of an access token are one.

use serde_json::{Value, json};

use super::gate::{Case, Expect};
use super::signer::{Signer, claims_and};

/// Which types there are, and whether a gate for anything and one for `at+jwt` take them.
fn all_types() -> Vec<(Value, bool, bool)> {
    vec![
        (Value::Null, true, false),
        (json!("JWT"), true, false),
        (json!("jwt"), true, false),
        (json!("application/jwt"), true, false),
        (json!("at+jwt"), true, true),
        (json!("AT+JWT"), true, true),
        (json!("application/at+jwt"), true, true),
        (json!("Application/At+Jwt"), true, true),
        (json!(""), false, false),
        (json!(" at+jwt"), false, false),
        (json!("at+jwt\0"), false, false),
        (json!("at+jwt;v=1"), false, false),
        (json!("application/application/at+jwt"), false, false),
        (json!("text/at+jwt"), false, false),
        (json!("x/at+jwt"), false, false),
        (json!("application/"), false, false),
        (json!("id+jwt"), false, false),
        (json!("id_token"), false, false),
        (json!("rt+jwt"), false, false),
        (json!("refresh"), false, false),
        (json!("dpop+jwt"), false, false),
        (json!("secevent+jwt"), false, false),
        (json!("logout+jwt"), false, false),
        (json!("token-introspection+jwt"), false, false),
        (json!("oauth-authz-req+jwt"), false, false),
        (json!("kb+jwt"), false, false),
        (json!("JOSE"), false, false),
        (json!("JOSE+JSON"), false, false),
        (json!("JWE"), false, false),
        (json!(["at+jwt"]), false, false),
        (json!({ "typ": "at+jwt" }), false, false),
        (json!(7), false, false),
    ]
}

/// For a gate that takes any access token.
pub(crate) fn cases(signer: &Signer) -> Vec<Case> {
    of_types(signer, |any, _| any)
}

/// For a gate that takes `at+jwt` alone.
pub(crate) fn cases_of_one_type(signer: &Signer) -> Vec<Case> {
    of_types(signer, |_, only| only)
}

fn of_types(signer: &Signer, takes: fn(bool, bool) -> bool) -> Vec<Case> {
    let payload = claims_and(r#""jti":"7""#);
    let mut cases = Vec::new();
    for (typ, any, only) in all_types() {
        let token = signer.sign(signer.header_with(json!({ "typ": typ })), &payload);
        let expect = if takes(any, only) {
            Expect::Claims
        } else {
            Expect::Invalid
        };
        cases.push(Case::with_token(format!("typ {typ}"), &token, expect));
    }
    cases
}
