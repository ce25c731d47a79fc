//! Tokens good and bad, through the layer. Attack tokens are signed with the right key wherever the fault is another.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail by panicking")]

mod log;

use std::convert::Infallible;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use jsonwebtoken::{DecodingKey, EncodingKey};
use portcullis::identity::Token;
use portcullis::jwt::{
    Algorithm, Claims, IssueError, Issuer, IssuerBuilder, Jwt, JwtLayer, JwtLayerBuilder, Key, Refusal, SigningKey,
    TokenError, TokenSource, Verified,
};
use portcullis::{ConfigError, Identity, Problem, RequestId, Trail};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use self::log::Log;

const ISSUER: &str = "https://blog.example";
const SECRET: &[u8] = b"a secret for tests, of 48 bytes: 0123456789abcdef";

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/jwt/", $name, ".pem"))
    };
}

type Answer = Response<Full<Bytes>>;

fn signing() -> SigningKey {
    SigningKey::hmac(Algorithm::HS256, SECRET)
}

fn with_key(key: Key) -> JwtLayerBuilder {
    JwtLayer::builder().key(key).issuer(ISSUER).audience("blog")
}

fn builder() -> JwtLayerBuilder {
    with_key(signing().verifying_key())
}

fn layer() -> JwtLayer {
    builder().build().unwrap()
}

fn issuing(key: SigningKey) -> IssuerBuilder {
    Issuer::builder().key(key).issuer(ISSUER).audience("blog")
}

fn issuer() -> Issuer {
    issuing(signing()).build().unwrap()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token of any header and payload, signed rightly.
fn forge_by(algorithm: jsonwebtoken::Algorithm, key: &EncodingKey, header: &str, payload: &str) -> String {
    // jsonwebtoken has its backend from then on.
    let _ = issuer();
    let signed = format!("{}.{}", b64(header), b64(payload));
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

fn forge(header: &str, payload: &str) -> String {
    let key = EncodingKey::from_secret(SECRET);
    forge_by(jsonwebtoken::Algorithm::HS256, &key, header, payload)
}

const HEADER: &str = r#"{"alg":"HS256"}"#;

fn good_claims() -> Value {
    json!({ "iss": ISSUER, "aud": "blog", "sub": "42", "exp": now() + 600 })
}

/// Good claims, with these members instead; `null` takes one away.
fn claims_with(members: &Value) -> String {
    let mut claims = good_claims();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims.to_string()
}

/// A good payload with this text, which need not be JSON, before its last brace.
fn payload_and(text: &str) -> String {
    let good = good_claims().to_string();
    format!("{},{text}}}", good.strip_suffix('}').unwrap())
}

/// Answers with the extensions that the layer has left on the request.
async fn echo(request: Request<Full<Bytes>>) -> Result<Answer, Infallible> {
    let mut response = Answer::default();
    *response.extensions_mut() = request.extensions().clone();
    Ok(response)
}

fn request(headers: &[(http::HeaderName, &[u8])]) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().append(name, value);
    }
    request
}

async fn ask<C>(layer: &JwtLayer<C>, request: Request<Full<Bytes>>) -> Answer
where
    C: Send + Sync + 'static,
{
    layer.layer(service_fn(echo)).oneshot(request).await.unwrap()
}

/// The caller's subject, or why the request was refused.
async fn send<C>(layer: &JwtLayer<C>, headers: &[(http::HeaderName, &[u8])]) -> Result<Option<String>, Refusal>
where
    C: Send + Sync + 'static,
{
    let response = ask(layer, request(headers)).await;
    match response.extensions().get::<Refusal>() {
        Some(refusal) => Err(*refusal),
        None => Ok(response
            .extensions()
            .get::<Identity>()
            .unwrap()
            .subject()
            .map(str::to_owned)),
    }
}

async fn bear<C>(layer: &JwtLayer<C>, token: &str) -> Result<Option<String>, Refusal>
where
    C: Send + Sync + 'static,
{
    send(layer, &[(AUTHORIZATION, format!("Bearer {token}").as_bytes())]).await
}

async fn accept<C>(layer: &JwtLayer<C>, token: &str)
where
    C: Send + Sync + 'static,
{
    assert_eq!(bear(layer, token).await, Ok(Some("42".to_owned())), "{token}");
}

async fn refuse<C>(layer: &JwtLayer<C>, token: &str, expect: TokenError)
where
    C: Send + Sync + 'static,
{
    assert_eq!(bear(layer, token).await, Err(Refusal::InvalidToken(expect)), "{token}");
}

fn faults<T: std::fmt::Debug>(built: Result<T, ConfigError>) -> Vec<(&'static str, String)> {
    let error = built.unwrap_err();
    error
        .faults()
        .iter()
        .map(|fault| (fault.setting(), fault.reason().to_owned()))
        .collect()
}

/// One fault of one key, whose reason has this text.
fn check_key_fault(key: Key, expect: &str) {
    let found = faults(with_key(key).build());
    assert!(
        found.len() == 1 && found[0].0 == "key" && found[0].1.contains(expect),
        "{expect}: {found:?}"
    );
}

/// A private key and its public half as another program wrote it.
fn families() -> Vec<(SigningKey, Key)> {
    let rsa = |algorithm| {
        let private = SigningKey::rsa_pem(algorithm, fixture!("rsa"));
        (private, Key::rsa_pem(algorithm, fixture!("rsa_public")))
    };
    let hmac = |algorithm| {
        let secret = [7; 64];
        (SigningKey::hmac(algorithm, secret), Key::hmac(algorithm, secret))
    };
    vec![
        hmac(Algorithm::HS256),
        hmac(Algorithm::HS384),
        hmac(Algorithm::HS512),
        rsa(Algorithm::RS256),
        rsa(Algorithm::RS384),
        rsa(Algorithm::RS512),
        rsa(Algorithm::PS256),
        rsa(Algorithm::PS384),
        rsa(Algorithm::PS512),
        (
            SigningKey::ec_pem(Algorithm::ES256, fixture!("p256")),
            Key::ec_pem(Algorithm::ES256, fixture!("p256_public")),
        ),
        (
            SigningKey::ec_pem(Algorithm::ES384, fixture!("p384")),
            Key::ec_pem(Algorithm::ES384, fixture!("p384_public")),
        ),
        (
            SigningKey::ed_pem(fixture!("ed25519")),
            Key::ed_pem(fixture!("ed25519_public")),
        ),
    ]
}

#[tokio::test]
async fn what_one_family_signs_it_alone_verifies() {
    for (place, (private, public)) in families().into_iter().enumerate() {
        let token = issuing(private.clone()).build().unwrap().token("42").sign().unwrap();
        accept(&with_key(public).build().unwrap(), &token).await;
        accept(&with_key(private.verifying_key()).build().unwrap(), &token).await;
        for (other, (_, public)) in families().into_iter().enumerate() {
            if other != place {
                refuse(&with_key(public).build().unwrap(), &token, TokenError::Key).await;
            }
        }
    }
}

#[tokio::test]
async fn must_01_a_key_has_one_algorithm_and_none_is_no_algorithm() {
    for alg in [
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        "HS255",
        "hs256",
        " HS256",
        "HS256\\u0000",
        "ES512",
        "ES256K",
    ] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        refuse(
            &layer(),
            &forge(&header, &good_claims().to_string()),
            TokenError::Algorithm,
        )
        .await;
    }
    let unsigned = format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64(good_claims().to_string()));
    refuse(&layer(), &unsigned, TokenError::Form).await;
    for alg in ["HS384", "HS512", "RS256", "ES256", "EdDSA"] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        refuse(&layer(), &forge(&header, &good_claims().to_string()), TokenError::Key).await;
    }
    for header in [
        r#"{"alg":null}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":256}"#,
        r#"{"typ":"JWT"}"#,
    ] {
        refuse(&layer(), &forge(header, &good_claims().to_string()), TokenError::Header).await;
    }
    // The same RSA key under its other algorithm.
    let other = SigningKey::rsa_pem(Algorithm::PS256, fixture!("rsa"));
    let token = issuing(other).build().unwrap().token("42").sign().unwrap();
    let layer = with_key(Key::rsa_pem(Algorithm::RS256, fixture!("rsa_public")))
        .build()
        .unwrap();
    refuse(&layer, &token, TokenError::Key).await;
}

#[tokio::test]
async fn must_02_a_public_key_is_never_a_secret() {
    let pem = fixture!("rsa_public");
    let layer = with_key(Key::rsa_pem(Algorithm::RS256, pem)).build().unwrap();
    let secret = EncodingKey::from_secret(pem);
    let token = forge_by(
        jsonwebtoken::Algorithm::HS256,
        &secret,
        HEADER,
        &good_claims().to_string(),
    );
    refuse(&layer, &token, TokenError::Key).await;
    // Under the name of the key's own algorithm it is only a wrong signature.
    let header = r#"{"alg":"RS256"}"#;
    let token = forge_by(
        jsonwebtoken::Algorithm::HS256,
        &secret,
        header,
        &good_claims().to_string(),
    );
    refuse(&layer, &token, TokenError::Signature).await;

    check_key_fault(Key::hmac(Algorithm::HS256, pem), "PEM");
    check_key_fault(
        Key::hmac(Algorithm::HS256, [b"subject=/CN=blog\n", pem.as_slice()].concat()),
        "PEM",
    );
    for pem in [
        pem.as_slice(),
        fixture!("rsa_public_pkcs1"),
        fixture!("p256_public"),
        fixture!("ed25519_public"),
    ] {
        let base64: String = String::from_utf8_lossy(pem)
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        check_key_fault(
            Key::hmac(Algorithm::HS256, STANDARD.decode(base64).unwrap()),
            "public key",
        );
    }
    for (algorithm, shortest) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        check_key_fault(
            Key::hmac(algorithm, vec![7; shortest - 1]),
            &format!("at least {shortest}"),
        );
        assert!(with_key(Key::hmac(algorithm, vec![7; shortest])).build().is_ok());
        let short = SigningKey::hmac(algorithm, vec![7; shortest - 1]);
        assert_eq!(faults(issuing(short).build())[0].0, "key");
    }
    check_key_fault(Key::hmac(Algorithm::RS256, [7; 64]), "RS256 cannot use");
    let mixed = builder().key(Key::rsa_pem(Algorithm::RS256, pem).id("rsa")).build();
    assert!(faults(mixed)[0].1.contains("stand together"));
}

#[tokio::test]
async fn must_03_only_the_compact_form_in_canonical_base64url() {
    let good = forge(HEADER, &good_claims().to_string());
    accept(&layer(), &good).await;
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!()
    };

    for token in [
        "a".to_owned(),
        "a.b".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{payload}."),
        format!("{good}="),
        format!("{good}~"),
        // The last of 43 characters has two bits that no byte needs.
        format!("{header}.{payload}.{}", "A".repeat(42) + "B"),
        // The other alphabet of base64.
        format!("{header}.{payload}.{}", "+/".repeat(21) + "A"),
    ] {
        let refused = bear(&layer(), &token).await;
        let expect = [TokenError::Form, TokenError::Signature].map(|error| Err(Refusal::InvalidToken(error)));
        assert!(expect.contains(&refused), "{token}: {refused:?}");
    }
    for (encode, text) in [
        (URL_SAFE, r#"{"alg":"HS256"} "#),
        (STANDARD, r#"{"alg":"HS256","x":"???>>>"}"#),
    ] {
        let key = EncodingKey::from_secret(SECRET);
        let signed = format!("{}.{payload}", encode.encode(text));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        let refused = bear(&layer(), &format!("{signed}.{signature}")).await;
        assert!(refused.is_err(), "{signed}");
    }
    for token in [
        format!("{header} .{payload}.{signature}"),
        format!("{header}\t.{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!("{good} {good}"),
        format!("{good},{good}"),
        format!("\"{good}\""),
        json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
        format!("{good}\u{e9}"),
        String::new(),
        "=".to_owned(),
    ] {
        assert_eq!(
            bear(&layer(), &token).await,
            Err(Refusal::MalformedCredentials),
            "{token}"
        );
    }
    for header in [
        "1",
        "[]",
        "\"HS256\"",
        "null",
        "{",
        "{\"alg\":\"HS256\"}x",
        "\u{feff}{\"alg\":\"HS256\"}",
        "{'alg':'HS256'}",
    ] {
        refuse(&layer(), &forge(header, &good_claims().to_string()), TokenError::Header).await;
    }
    for payload in ["1", "[]", "\"x\"", "null", "{", "{}x", "{}{}", "\u{feff}{}"] {
        refuse(&layer(), &forge(HEADER, payload), TokenError::Claims).await;
    }
    let signed = format!("{}.{}", b64(HEADER), b64(b"{\"sub\":\"\xff\"}"));
    let key = EncodingKey::from_secret(SECRET);
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    refuse(&layer(), &format!("{signed}.{signature}"), TokenError::Claims).await;
}

#[tokio::test]
async fn must_03_every_name_occurs_once() {
    for header in [
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"none"}"#,
        r#"{"alg":"HS256","x":1,"x":1}"#,
        r#"{"alg":"HS256","jwk":{"kty":"oct","kty":"RSA"}}"#,
    ] {
        refuse(&layer(), &forge(header, &good_claims().to_string()), TokenError::Header).await;
    }
    for text in [
        r#""sub":"admin""#,
        r#""s\u0075b":"admin""#,
        r#""exp":9999999999"#,
        r#""role":"reader","role":"admin""#,
        r#""realm":{"role":"reader","role":"admin"}"#,
        r#""list":[1,{"a":1,"b":2,"a":3}]"#,
    ] {
        refuse(&layer(), &forge(HEADER, &payload_and(text)), TokenError::Claims).await;
    }
    accept(
        &layer(),
        &forge(HEADER, &payload_and(r#""a":{"a":1},"b":{"a":1,"b":[{"a":1},{"a":2}]}"#)),
    )
    .await;
}

#[tokio::test]
async fn must_04_crit_is_never_understood() {
    for crit in [
        r#"["exp"]"#,
        r#"["b64"]"#,
        r#"["x"]"#,
        "[]",
        "null",
        r#""exp""#,
        "{}",
        "[1]",
        r#"["alg","alg"]"#,
    ] {
        let header = format!(r#"{{"alg":"HS256","b64":true,"x":1,"crit":{crit}}}"#);
        refuse(
            &layer(),
            &forge(&header, &good_claims().to_string()),
            TokenError::Critical,
        )
        .await;
    }
}

#[tokio::test]
async fn must_05_no_header_brings_its_own_key() {
    let attacker = SigningKey::ec_pem(Algorithm::ES256, fixture!("p256"));
    let honest = Key::ed_pem(fixture!("ed25519_public")).id("honest");
    let layer = with_key(honest)
        .key(Key::ec_pem(Algorithm::ES256, fixture!("p256_public")).id("other"))
        .build()
        .unwrap();
    let token = issuing(attacker.id("../../dev/null"))
        .build()
        .unwrap()
        .token("42")
        .sign()
        .unwrap();
    refuse(&layer, &token, TokenError::Key).await;

    let jwk = format!(r#"{{"kty":"oct","k":"{}"}}"#, b64([9; 32]));
    for extra in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"http://127.0.0.1:9/jwks""#.to_owned(),
        r#""x5u":"file:///etc/passwd""#.to_owned(),
        r#""x5c":["MIIB"]"#.to_owned(),
    ] {
        let header = format!(r#"{{"alg":"HS256",{extra}}}"#);
        let payload = good_claims().to_string();
        let stranger = EncodingKey::from_secret(&[9; 32]);
        let forged = forge_by(jsonwebtoken::Algorithm::HS256, &stranger, &header, &payload);
        refuse(&crate::layer(), &forged, TokenError::Signature).await;
        accept(&crate::layer(), &forge(&header, &payload)).await;
    }
    for kid in ["1", "{}", "null", "[\"a\"]"] {
        let header = format!(r#"{{"alg":"HS256","kid":{kid}}}"#);
        refuse(
            &crate::layer(),
            &forge(&header, &good_claims().to_string()),
            TokenError::Header,
        )
        .await;
    }
}

#[tokio::test]
async fn must_06_a_kid_names_one_key() {
    let secret = |fill: u8| SigningKey::hmac(Algorithm::HS256, [fill; 32]);
    let sign = |key: SigningKey| issuing(key).build().unwrap().token("42").sign().unwrap();
    let (old, new) = (secret(1).id("old"), secret(2).id("new"));
    let both = builder_of([old.verifying_key(), new.verifying_key()]);
    accept(&both, &sign(old.clone())).await;
    accept(&both, &sign(new.clone())).await;
    refuse(&both, &sign(secret(2).id("old")), TokenError::Signature).await;
    refuse(&both, &sign(secret(2).id("New")), TokenError::Key).await;
    refuse(&both, &sign(secret(2).id("")), TokenError::Key).await;
    // Without a kid either could be meant.
    refuse(&both, &sign(secret(2)), TokenError::Key).await;

    // A single key may be meant, and a key without an id is for tokens without a kid.
    accept(&builder_of([old.verifying_key()]), &sign(secret(1))).await;
    accept(&builder_of([secret(1).verifying_key()]), &sign(old.clone())).await;
    let legacy = builder_of([
        new.verifying_key(),
        secret(1).verifying_key(),
        secret(3).id("third").verifying_key(),
    ]);
    accept(&legacy, &sign(secret(1))).await;
    accept(&legacy, &sign(new.clone())).await;
    refuse(&legacy, &sign(old), TokenError::Key).await;
    refuse(&legacy, &sign(secret(2)), TokenError::Signature).await;

    let twice = builder()
        .keys([new.verifying_key(), secret(9).id("new").verifying_key()])
        .build();
    assert!(faults(twice)[0].1.contains("`new` occurs twice"));
    let nameless = builder().key(secret(9).verifying_key()).build();
    assert!(faults(nameless)[0].1.contains("give each an id"));
}

fn builder_of<const N: usize>(keys: [Key; N]) -> JwtLayer {
    JwtLayer::builder()
        .keys(keys)
        .issuer(ISSUER)
        .audience("blog")
        .build()
        .unwrap()
}

#[test]
fn must_06_weak_and_misused_keys_are_refused() {
    use Algorithm::{ES256, ES384, HS256, RS256};

    check_key_fault(Key::rsa_pem(RS256, fixture!("rsa_1024_public")), "1024 bits");
    check_key_fault(Key::rsa_pem(RS256, fixture!("rsa")), "private key");
    check_key_fault(Key::rsa_pem(RS256, fixture!("rsa_pkcs1")), "private key");
    check_key_fault(Key::rsa_pem(RS256, fixture!("p256_public")), "RS256 cannot use");
    check_key_fault(Key::rsa_pem(ES256, fixture!("rsa_public")), "ES256 cannot use");
    check_key_fault(Key::rsa_pem(RS256, "no PEM"), "not PEM");
    check_key_fault(Key::rsa_der(RS256, [0x30, 0x82, 0xff]), "DER");
    check_key_fault(Key::ec_pem(ES256, fixture!("secp256k1_public")), "another curve");
    check_key_fault(Key::ec_pem(ES256, fixture!("p384_public")), "needs P-256");
    check_key_fault(Key::ec_pem(ES384, fixture!("p256_public")), "needs P-384");
    check_key_fault(Key::ec_pem(ES256, fixture!("certificate")), "certificate");
    check_key_fault(Key::ec_pem(ES256, fixture!("p256_sec1")), "pkcs8");
    check_key_fault(Key::ed_pem(fixture!("p256_public")), "EdDSA cannot use");
    assert!(
        with_key(Key::rsa_pem(RS256, fixture!("rsa_public_pkcs1")))
            .build()
            .is_ok()
    );

    let signing = |key: SigningKey, expect: &str| {
        let found = faults(issuing(key).build());
        assert!(found.len() == 1 && found[0].1.contains(expect), "{expect}: {found:?}");
    };
    signing(SigningKey::rsa_pem(RS256, fixture!("rsa_1024")), "1024 bits");
    signing(SigningKey::rsa_pem(RS256, fixture!("rsa_public")), "public key");
    signing(SigningKey::ec_pem(ES256, fixture!("p256_public")), "public key");
    signing(SigningKey::ec_pem(ES384, fixture!("p256")), "needs P-384");
    signing(SigningKey::ec_pem(ES256, fixture!("p256_sec1")), "pkcs8");
    assert!(
        issuing(SigningKey::rsa_pem(RS256, fixture!("rsa_pkcs1")))
            .build()
            .is_ok()
    );
    check_key_fault(SigningKey::hmac(HS256, "short").verifying_key(), "at least 32");

    let x = b64([1; 32]);
    let n = b64([0xff; 256]);
    let ec = |extra: &str| format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"{extra}}}"#);
    let rsa = |e: &str| format!(r#"{{"kty":"RSA","alg":"RS256","n":"{n}","e":"{e}"}}"#);
    let oct = |extra: &str| format!(r#"{{"kty":"oct","k":"{x}"{extra}}}"#);
    for good in [
        ec(""),
        ec(r#","use":"sig","key_ops":["verify"],"alg":"ES256","kid":"1""#),
        rsa("AQAB"),
        rsa("AAEAAQ"),
        oct(r#","alg":"HS256","key_ops":["sign","verify"]"#),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
        format!(r#"{{"kty":"OKP","crv":"Ed25519","alg":"Ed25519","x":"{x}"}}"#),
    ] {
        assert!(with_key(Key::jwk(&good)).build().is_ok(), "{good}");
    }
    for (jwk, expect) in [
        (ec(r#","use":"enc""#), "`use`"),
        (ec(r#","key_ops":["sign"]"#), "`key_ops`"),
        (ec(r#","key_ops":[]"#), "`key_ops`"),
        (ec(r#","key_ops":["verify","verify"]"#), "twice"),
        (ec(r#","alg":"ES384""#), "P-256"),
        (ec(r#","alg":"RS256""#), "RS256 cannot use"),
        (ec(r#","alg":"ECDH-ES""#), "not known"),
        (ec(r#","d":"AA""#), "private"),
        (ec(r#","kid":7"#), "not a JWK"),
        (ec(r#","crv":"P-256""#), "not a JWK"),
        (ec("").replace("P-256", "P-521"), "`crv`"),
        (ec("").replace(&x, &b64([1; 31])), "length"),
        (ec("").replace("\"y\"", "\"z\""), "no `y`"),
        (rsa("AQ"), "exponent"),
        (rsa("Ag"), "exponent"),
        (rsa("AQ=="), "base64url"),
        (rsa("AQAB").replace(&n, &b64([0xff; 128])), "1024 bits"),
        (
            rsa("AQAB").replace(&n, &b64([[0; 128], [0xff; 128]].concat())),
            "1024 bits",
        ),
        (rsa("AQAB").replace("RS256", "HS256"), "HS256 cannot use"),
        (rsa("AQAB").replace(r#""alg":"RS256","#, ""), "jwk_for"),
        (oct(""), "jwk_for"),
        (oct(r#","alg":"HS384""#), "at least 48"),
        (oct(r#","alg":"none""#), "not known"),
        (oct(r#","alg":"EdDSA""#), "EdDSA cannot use"),
        (format!(r#"{{"kty":"OKP","crv":"X25519","x":"{x}"}}"#), "`crv`"),
        (
            format!(r#"{{"kty":"OKP","crv":"Ed25519","alg":"HS256","x":"{x}"}}"#),
            "HS256 cannot use",
        ),
        (r#"{"kty":"AKP"}"#.to_owned(), "`kty`"),
        ("[]".to_owned(), "not a JWK"),
    ] {
        check_key_fault(Key::jwk(jwk), expect);
    }
    assert!(with_key(Key::jwk_for(HS256, oct(""))).build().is_ok());
    check_key_fault(
        Key::jwk_for(RS256, rsa("AQAB").replace("RS256", "PS256")),
        "PS256, not RS256",
    );
    assert_eq!(
        format!("{:?}", Key::jwk(oct(r#","alg":"HS256","kid":"k1""#))),
        "Key { algorithm: Some(HS256), id: Some(\"k1\"), .. }"
    );
}

#[tokio::test]
async fn must_07_size_and_depth_are_bounded() {
    let filled = |length: usize| {
        let empty = forge(HEADER, &claims_with(&json!({ "x": "" }))).len();
        forge(
            HEADER,
            &claims_with(&json!({ "x": "y".repeat((length - empty) * 3 / 4) })),
        )
    };
    let fits = filled(8 * 1024);
    assert!((8190..=8192).contains(&fits.len()), "{}", fits.len());
    accept(&layer(), &fits).await;
    refuse(&layer(), &filled(8 * 1024 + 4), TokenError::TooLong).await;
    refuse(&layer(), &filled(1024 * 1024), TokenError::TooLong).await;
    accept(&builder().max_token_bytes(16 * 1024).build().unwrap(), &filled(10_000)).await;

    let nested = |depth: usize| format!(r#""x":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    accept(&layer(), &forge(HEADER, &payload_and(&nested(31)))).await;
    refuse(&layer(), &forge(HEADER, &payload_and(&nested(32))), TokenError::Claims).await;
    refuse(
        &layer(),
        &forge(HEADER, &payload_and(&nested(2500))),
        TokenError::Claims,
    )
    .await;
    let objects = format!(r#""x":{}1{}"#, r#"{"x":"#.repeat(32), "}".repeat(32));
    refuse(&layer(), &forge(HEADER, &payload_and(&objects)), TokenError::Claims).await;
    let header = format!(r#"{{"alg":"HS256",{}}}"#, nested(1000));
    refuse(
        &layer(),
        &forge(&header, &good_claims().to_string()),
        TokenError::Header,
    )
    .await;
}

#[tokio::test]
async fn must_08_issuer_audience_and_expiry_are_required_and_typed() {
    async fn check(members: Value, expect: TokenError) {
        refuse(&layer(), &forge(HEADER, &claims_with(&members)), expect).await;
    }
    check(json!({ "iss": null }), TokenError::Issuer).await;
    check(json!({ "iss": "https://evil.example" }), TokenError::Issuer).await;
    check(json!({ "iss": "https://blog.example/" }), TokenError::Issuer).await;
    check(json!({ "iss": "" }), TokenError::Issuer).await;
    check(json!({ "aud": null }), TokenError::Audience).await;
    check(json!({ "aud": "shop" }), TokenError::Audience).await;
    check(json!({ "aud": "Blog" }), TokenError::Audience).await;
    check(json!({ "aud": [] }), TokenError::Audience).await;
    check(json!({ "aud": ["shop", "blogs"] }), TokenError::Audience).await;
    check(json!({ "exp": null }), TokenError::NoExpiry).await;
    for wrong in [json!([ISSUER]), json!(1), json!({}), json!(true)] {
        check(json!({ "iss": wrong }), TokenError::Claims).await;
    }
    for wrong in [
        json!(1),
        json!({ "blog": 1 }),
        json!(["blog", 1]),
        json!([["blog"]]),
        json!(["blog", null]),
        json!(true),
    ] {
        check(json!({ "aud": wrong }), TokenError::Claims).await;
    }
    for name in ["exp", "nbf", "iat"] {
        for wrong in [
            "\"1\"",
            "true",
            "[]",
            "{}",
            "null",
            "-1",
            "-0.5",
            "1e400",
            "1e300",
            "1700000000000",
            "18446744073709551615",
        ] {
            let mut claims = good_claims();
            claims.as_object_mut().unwrap().remove(name);
            let claims = claims.to_string();
            let payload = format!(r#"{},"{name}":{wrong}}}"#, claims.strip_suffix('}').unwrap());
            refuse(&layer(), &forge(HEADER, &payload), TokenError::Claims).await;
        }
    }
    for (name, wrong) in [
        ("iss", "null"),
        ("aud", "null"),
        ("sub", "null"),
        ("sub", "7"),
        ("jti", "7"),
        ("jti", "null"),
    ] {
        let mut claims = good_claims();
        claims.as_object_mut().unwrap().remove(name);
        let claims = claims.to_string();
        let payload = format!(r#"{},"{name}":{wrong}}}"#, claims.strip_suffix('}').unwrap());
        refuse(&layer(), &forge(HEADER, &payload), TokenError::Claims).await;
    }
    check(json!({ "sub": null }), TokenError::Subject).await;
    check(json!({ "sub": "" }), TokenError::Subject).await;

    accept(
        &layer(),
        &forge(HEADER, &claims_with(&json!({ "aud": ["shop", "blog"] }))),
    )
    .await;
    let second = builder().audience("shop").build().unwrap();
    accept(&second, &forge(HEADER, &claims_with(&json!({ "aud": "shop" })))).await;
}

#[tokio::test]
async fn must_08_what_is_required_is_waived_by_name_only() {
    let key = || signing().verifying_key();
    let settings = |built| {
        faults::<JwtLayer>(built)
            .into_iter()
            .map(|(setting, _)| setting)
            .collect::<Vec<_>>()
    };
    assert_eq!(settings(JwtLayer::builder().build()), ["issuer", "audience", "key"]);
    assert_eq!(
        settings(JwtLayer::builder().key(key()).without_issuer().build()),
        ["audience"]
    );
    assert_eq!(
        settings(JwtLayer::builder().key(key()).without_audience().build()),
        ["issuer"]
    );
    assert_eq!(
        settings(builder().without_issuer().without_audience().build()),
        ["issuer", "audience"]
    );

    let open = JwtLayer::builder()
        .key(key())
        .without_issuer()
        .without_audience()
        .without_expiry()
        .build()
        .unwrap();
    accept(&open, &forge(HEADER, r#"{"sub":"42"}"#)).await;
    accept(&open, &forge(HEADER, &good_claims().to_string())).await;
    refuse(
        &open,
        &forge(HEADER, &format!(r#"{{"sub":"42","exp":{}}}"#, now() - 61)),
        TokenError::Expired,
    )
    .await;
    refuse(&open, &forge(HEADER, r#"{"sub":"42","iss":[]}"#), TokenError::Claims).await;
    refuse(&open, &forge(HEADER, r#"{"sub":"42","aud":1}"#), TokenError::Claims).await;
}

#[tokio::test]
async fn must_09_keys_speak_for_their_issuer_alone() {
    let other = Issuer::builder()
        .key(signing())
        .issuer("https://other.example")
        .audience("blog")
        .build()
        .unwrap();
    refuse(&layer(), &other.token("42").sign().unwrap(), TokenError::Issuer).await;
    let two = faults(builder().issuer("https://other.example").build());
    assert!(two.len() == 1 && two[0].0 == "issuer", "{two:?}");
}

#[tokio::test]
async fn must_10_expiry_and_start_hold_within_the_leeway() {
    // A minute on each side of the edge, so that the clock may go on while the test runs; policy tests stand on the edge itself.
    for (name, at, expect) in [
        ("exp", now() + 60, None),
        ("exp", now() - 91, Some(TokenError::Expired)),
        ("exp", 0, Some(TokenError::Expired)),
        ("nbf", now() - 60, None),
        ("nbf", now() + 91, Some(TokenError::NotYetValid)),
        ("iat", now() + 3600, None),
    ] {
        let token = forge(HEADER, &claims_with(&json!({ name: at })));
        match expect {
            None => accept(&layer(), &token).await,
            Some(error) => refuse(&layer(), &token, error).await,
        }
    }
    let none = builder().leeway(Duration::ZERO).build().unwrap();
    refuse(
        &none,
        &forge(HEADER, &claims_with(&json!({ "exp": now() }))),
        TokenError::Expired,
    )
    .await;
    let most = builder().leeway(Duration::from_secs(60)).build().unwrap();
    accept(&most, &forge(HEADER, &claims_with(&json!({ "exp": now() - 30 })))).await;
    assert_eq!(faults(builder().leeway(Duration::from_secs(61)).build())[0].0, "leeway");
    let old = issuer()
        .token("42")
        .sign_at(SystemTime::now() - Duration::from_secs(3600))
        .unwrap();
    refuse(&layer(), &old, TokenError::Expired).await;
}

#[tokio::test]
async fn must_11_the_type_is_that_of_an_access_token() {
    async fn check(layer: &JwtLayer, typ: &str, fits: bool) {
        let token = forge(&format!(r#"{{"alg":"HS256"{typ}}}"#), &good_claims().to_string());
        if fits {
            accept(layer, &token).await;
        } else {
            refuse(layer, &token, TokenError::Type).await;
        }
    }
    let only = builder().token_type("at+jwt").build().unwrap();
    for (typ, by_default, by_name) in [
        ("", true, false),
        (r#","typ":"JWT""#, true, false),
        (r#","typ":"jwt""#, true, false),
        (r#","typ":"at+jwt""#, true, true),
        (r#","typ":"AT+JWT""#, true, true),
        (r#","typ":"application/at+jwt""#, true, true),
        (r#","typ":"application/application/at+jwt""#, false, false),
        (r#","typ":"text/at+jwt""#, false, false),
        (r#","typ":"at+jwt ""#, false, false),
        (r#","typ":"""#, false, false),
        (r#","typ":"refresh+jwt""#, false, false),
        (r#","typ":"id+jwt""#, false, false),
        (r#","typ":"dpop+jwt""#, false, false),
        (r#","typ":"logout+jwt""#, false, false),
        (r#","typ":"JOSE""#, false, false),
    ] {
        check(&layer(), typ, by_default).await;
        check(&only, typ, by_name).await;
    }
    for typ in ["1", "null", "[\"at+jwt\"]"] {
        let token = forge(&format!(r#"{{"alg":"HS256","typ":{typ}}}"#), &good_claims().to_string());
        refuse(&layer(), &token, TokenError::Header).await;
    }
    // What is issued for another purpose does not open the gate.
    accept(&only, &issuer().token("42").sign().unwrap()).await;
    let reset = issuing(signing()).token_type("reset+jwt").build().unwrap();
    refuse(&layer(), &reset.token("42").sign().unwrap(), TokenError::Type).await;
    let resetting = builder().token_type("application/reset+jwt").build().unwrap();
    accept(&resetting, &reset.token("42").sign().unwrap()).await;
    assert_eq!(faults(builder().token_type("").build())[0].0, "token_type");
}

#[tokio::test]
async fn must_12_challenges_are_exact() {
    async fn check(
        layer: &JwtLayer,
        headers: &[(http::HeaderName, &[u8])],
        status: u16,
        challenge: &str,
        detail: &str,
    ) {
        let mut request = request(headers);
        request
            .extensions_mut()
            .insert(RequestId::parse(&HeaderValue::from_static("id-7")).unwrap());
        let response = ask(layer, request).await;
        assert_eq!(response.status(), status, "{headers:?}");
        let challenges: Vec<_> = response.headers().get_all(WWW_AUTHENTICATE).iter().collect();
        assert_eq!(challenges, [challenge], "{headers:?}");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.extensions().get::<Problem>().unwrap().detail(), Some(detail));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["status"], &body["request_id"]), (&json!(status), &json!("id-7")));
    }
    let good = issuer().token("42").sign().unwrap();
    let bearer = format!("Bearer {good}");
    let old = issuer().token("42").sign_at(UNIX_EPOCH).unwrap();
    let old = format!("Bearer {old}");
    let early = format!("Bearer {}", forge(HEADER, &claims_with(&json!({ "nbf": now() + 600 }))));
    let shop = format!("Bearer {}", forge(HEADER, &claims_with(&json!({ "aud": "shop" }))));
    let forged = format!(
        "Bearer {}",
        forge_by(
            jsonwebtoken::Algorithm::HS256,
            &EncodingKey::from_secret(&[9; 32]),
            HEADER,
            r#"{"exp":1}"#
        )
    );

    let plain = &layer();
    let needed = "this needs a token";
    check(plain, &[], 401, "Bearer", needed).await;
    check(plain, &[(AUTHORIZATION, b"Basic YTpi")], 401, "Bearer", needed).await;
    check(plain, &[(AUTHORIZATION, b"Bearers abc")], 401, "Bearer", needed).await;
    for (credentials, text) in [
        (&old, "the token has expired"),
        (&early, "the token is not valid yet"),
        (&shop, "the token is not valid here"),
        // Of a token that is not ours nobody learns that it has expired.
        (&forged, "the token is not valid here"),
        (&"Bearer undefined".to_owned(), "the token is not valid here"),
    ] {
        let challenge = format!(r#"Bearer error="invalid_token", error_description="{text}""#);
        check(plain, &[(AUTHORIZATION, credentials.as_bytes())], 401, &challenge, text).await;
    }
    let malformed = r#"Bearer error="invalid_request", error_description="the credentials are malformed""#;
    for credentials in [
        &b"Bearer"[..],
        b"Bearer ",
        b"bearer  \t",
        b"",
        b" ",
        b"Bearer a b",
        b"Bearer \xff",
        b"Bearer a=b",
    ] {
        let text = "the credentials are malformed";
        check(plain, &[(AUTHORIZATION, credentials)], 400, malformed, text).await;
    }
    let several = r#"Bearer error="invalid_request", error_description="more than one token was sent""#;
    let text = "more than one token was sent";
    check(
        plain,
        &[(AUTHORIZATION, bearer.as_bytes()), (AUTHORIZATION, bearer.as_bytes())],
        400,
        several,
        text,
    )
    .await;
    check(
        plain,
        &[(AUTHORIZATION, b"Basic YTpi"), (AUTHORIZATION, bearer.as_bytes())],
        400,
        several,
        text,
    )
    .await;

    let realm = &builder().realm("the blog").build().unwrap();
    check(realm, &[], 401, r#"Bearer realm="the blog""#, needed).await;
    let challenge = r#"Bearer realm="the blog", error="invalid_token", error_description="the token has expired""#;
    check(
        realm,
        &[(AUTHORIZATION, old.as_bytes())],
        401,
        challenge,
        "the token has expired",
    )
    .await;
    for realm in ["", "a\"b", "a\\b", "a\nb", "é"] {
        assert_eq!(faults(builder().realm(realm).build())[0].0, "realm");
    }
}

#[tokio::test]
async fn must_12_the_scheme_has_no_case_and_query_and_form_are_not_read() {
    let token = issuer().token("42").sign().unwrap();
    for scheme in ["Bearer ", "bearer ", "BEARER ", "bEaReR   "] {
        let credentials = format!("{scheme}{token}");
        assert_eq!(
            send(&layer(), &[(AUTHORIZATION, credentials.as_bytes())]).await,
            Ok(Some("42".to_owned()))
        );
    }
    let mut request = request(&[(CONTENT_TYPE, b"application/x-www-form-urlencoded")]);
    *request.uri_mut() = format!("/?access_token={token}").parse().unwrap();
    *request.body_mut() = Full::from(format!("access_token={token}"));
    assert_eq!(ask(&layer(), request).await.status(), 401);
}

#[tokio::test]
async fn a_cookie_is_a_source_where_the_builder_says_so() {
    let layer = builder().cookie("token").build().unwrap();
    let token = issuer().token("42").sign().unwrap();
    let bearer = format!("Bearer {token}");
    let check = async |cookies: &[String], expect: Result<Option<&str>, Refusal>| {
        let headers: Vec<_> = cookies.iter().map(|cookie| (COOKIE, cookie.as_bytes())).collect();
        let found = send(&layer, &headers).await;
        assert_eq!(
            found.as_ref().map(Option::as_deref),
            expect.as_ref().map(|subject| *subject),
            "{cookies:?}"
        );
    };
    let found = Ok(Some("42"));
    check(&[format!("token={token}")], found).await;
    check(&[format!("a=b; token={token}; c=d")], found).await;
    check(&[format!("a=b;token={token}")], found).await;
    check(&["a=b".to_owned(), format!("token={token}")], found).await;
    check(&[format!("Token={token}")], Err(Refusal::NoCredentials)).await;
    check(
        &[format!("token2={token}; my-token={token}")],
        Err(Refusal::NoCredentials),
    )
    .await;
    check(&["token=".to_owned()], Err(Refusal::NoCredentials)).await;
    check(&["token".to_owned()], Err(Refusal::NoCredentials)).await;
    check(&[format!("token=\"{token}\"")], Err(Refusal::MalformedCredentials)).await;
    check(
        &[format!("token={token}; token={token}")],
        Err(Refusal::SeveralCredentials),
    )
    .await;
    check(
        &[format!("token={token}"), "token=".to_owned()],
        Err(Refusal::SeveralCredentials),
    )
    .await;

    let cookie = format!("token={token}");
    let both = send(
        &layer,
        &[(COOKIE, cookie.as_bytes()), (AUTHORIZATION, bearer.as_bytes())],
    )
    .await;
    assert_eq!(both, Err(Refusal::SeveralCredentials));
    let basic = send(&layer, &[(COOKIE, cookie.as_bytes()), (AUTHORIZATION, b"Basic YTpi")]).await;
    assert_eq!(basic, Ok(Some("42".to_owned())));
    // Not where it does not.
    assert_eq!(
        send(&crate::layer(), &[(COOKIE, cookie.as_bytes())]).await,
        Err(Refusal::NoCredentials)
    );
    assert_eq!(faults(builder().cookie("a=b").build())[0].0, "cookie");

    for (headers, expect) in [
        ((COOKIE, cookie.as_bytes()), TokenSource::Cookie),
        ((AUTHORIZATION, bearer.as_bytes()), TokenSource::Bearer),
    ] {
        let response = ask(&layer, request(&[headers])).await;
        assert_eq!(
            Verified::source(&Verified::<Claims>::of(response.extensions()).unwrap()),
            expect
        );
    }
}

#[tokio::test]
async fn optional_lets_nobody_pass_but_not_a_bad_token() {
    let layer = builder().optional().build().unwrap();
    assert_eq!(send(&layer, &[]).await, Ok(None));
    assert_eq!(send(&layer, &[(AUTHORIZATION, b"Basic YTpi")]).await, Ok(None));
    accept(&layer, &issuer().token("42").sign().unwrap()).await;
    refuse(&layer, "undefined", TokenError::Form).await;
    assert_eq!(
        send(&layer, &[(AUTHORIZATION, b"Bearer")]).await,
        Err(Refusal::MalformedCredentials)
    );

    // What another layer has verified stands, until a token says otherwise.
    for (headers, expect) in [
        (vec![], "7"),
        (
            vec![(
                AUTHORIZATION,
                format!("Bearer {}", issuer().token("42").sign().unwrap()),
            )],
            "42",
        ),
    ] {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_bytes()))
            .collect();
        let mut request = request(&headers);
        request.extensions_mut().insert(Identity::user("7"));
        let response = ask(&layer, request).await;
        assert_eq!(response.extensions().get::<Identity>().unwrap().subject(), Some(expect));
    }
}

#[tokio::test]
async fn the_request_goes_on_with_identity_claims_and_trail() {
    let token = issuer()
        .token("42")
        .roles(["admin", "editor"])
        .permissions(["posts:write"])
        .scopes(["read", "write"])
        .session("s-7")
        .claim("tenant", 7)
        .sign()
        .unwrap();
    let trail = Trail::default();
    let mut request = request(&[(AUTHORIZATION, format!("Bearer {token}").as_bytes())]);
    request.extensions_mut().insert(trail.clone());
    let response = ask(&layer(), request).await;

    let claims = Verified::<Claims>::of(response.extensions()).unwrap();
    let identity = response.extensions().get::<Identity>().unwrap();
    assert_eq!(identity.claims::<Claims>().unwrap().jti, claims.jti);
    assert!(identity.claims::<Token>().is_none() && identity.shared_claims::<Token>().is_none());
    // An application may say more of the caller, and the claims stay.
    let more = identity.clone().with_roles(["guest"]);
    assert_eq!(more.shared_claims::<Claims>().unwrap().jti, claims.jti);
    let expect = Identity::user("42")
        .with_roles(["admin", "editor"])
        .with_permissions(["posts:write"])
        .with_scopes(["read", "write"])
        .with_token(
            Token::new()
                .with_id(claims.jti.as_deref().unwrap())
                .with_session("s-7")
                .with_issued_at(claims.iat.unwrap())
                .with_expires_at(claims.exp.unwrap()),
        );
    assert_eq!(*identity, expect);
    assert_eq!(trail.user().as_deref(), Some("42"));
    assert_eq!(
        (claims.iss.as_deref(), &*claims.aud),
        (Some(ISSUER), &["blog".to_owned()][..])
    );
    assert_eq!(claims.exp.unwrap() - claims.iat.unwrap(), 900);
    assert_eq!(claims.jti.as_ref().unwrap().len(), 36);
    assert_eq!(claims.rest, json!({ "tenant": 7 }).as_object().unwrap().clone());

    // What other issuers write.
    for (members, expect) in [
        (
            json!({ "roles": "admin", "scp": "a b" }),
            Identity::user("42").with_roles(["admin"]).with_scopes(["a", "b"]),
        ),
        (
            json!({ "scp": ["a", "b"], "scope": "c" }),
            Identity::user("42").with_scopes(["c", "a", "b"]),
        ),
        (
            json!({ "scope": " a  b ", "roles": [] }),
            Identity::user("42").with_scopes(["a", "b"]),
        ),
    ] {
        let token = forge(HEADER, &claims_with(&members));
        let response = ask(
            &layer(),
            crate::request(&[(AUTHORIZATION, format!("Bearer {token}").as_bytes())]),
        )
        .await;
        let identity = response.extensions().get::<Identity>().unwrap();
        let expect = expect.with_token(identity.token().unwrap().clone());
        assert_eq!(*identity, expect, "{members}");
    }
    for members in [
        json!({ "roles": 1 }),
        json!({ "roles": [1] }),
        json!({ "scope": {} }),
        json!({ "permissions": true }),
    ] {
        refuse(&layer(), &forge(HEADER, &claims_with(&members)), TokenError::Claims).await;
    }
}

#[tokio::test]
async fn claims_of_the_application_are_read_as_its_type() {
    #[derive(Debug, serde::Deserialize)]
    struct Account {
        client_id: String,
        tenant: u32,
    }
    let layer = builder()
        .claims::<Account>()
        .identity(|account| {
            Identity::user(account.client_id.as_str()).with_roles([format!("tenant-{}", account.tenant)])
        })
        .build()
        .unwrap();
    let token = forge(
        HEADER,
        &claims_with(&json!({ "sub": null, "client_id": "42", "tenant": 7 })),
    );
    let response = ask(
        &layer,
        request(&[(AUTHORIZATION, format!("Bearer {token}").as_bytes())]),
    )
    .await;
    assert!(response.extensions().get::<Identity>().unwrap().has_role("tenant-7"));
    assert_eq!(Verified::<Account>::of(response.extensions()).unwrap().tenant, 7);
    assert!(Verified::<Claims>::of(response.extensions()).is_none());
    refuse(
        &layer,
        &forge(HEADER, &claims_with(&json!({ "client_id": "42", "tenant": -1 }))),
        TokenError::Claims,
    )
    .await;
    refuse(&layer, &forge(HEADER, &good_claims().to_string()), TokenError::Claims).await;

    assert_eq!(faults(builder().claims::<Account>().build())[0].0, "identity");
}

#[test]
fn an_issuer_and_its_drafts_are_checked() {
    let settings: Vec<_> = faults(Issuer::builder().lifetime(Duration::ZERO).token_type("").build())
        .into_iter()
        .map(|(setting, _)| setting)
        .collect();
    assert_eq!(settings, ["lifetime", "token_type", "issuer", "audience", "key"]);

    let issuer = issuer();
    for name in ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"] {
        let reserved = Err(IssueError::Reserved(name.to_owned()));
        assert_eq!(issuer.token("42").claim(name, 1).sign(), reserved);
        assert_eq!(issuer.token("42").claims(&json!({ name: 1 })).sign(), reserved);
    }
    // One scope never becomes two.
    for text in ["read admin", "", " ", "a\"b", "a\\b", "\u{e9}", "a\n"] {
        let refused = issuer.token("42").scopes(["read", text]).sign();
        assert_eq!(refused, Err(IssueError::NotAScope(text.to_owned())));
    }
    let urls = ["https://api.example/read!", "posts:write"];
    assert!(issuer.token("42").scopes(urls).sign().is_ok());
    assert_eq!(issuer.token("").sign(), Err(IssueError::EmptySubject));
    assert_eq!(issuer.token("42").claims(&[1]).sign(), Err(IssueError::NotJson(None)));
    let keyed = std::collections::BTreeMap::from([((1, 2), 3)]);
    assert_eq!(
        issuer.token("42").claim("x", keyed).sign(),
        Err(IssueError::NotJson(Some("x".to_owned())))
    );
    assert_eq!(
        issuer.token("42").sign_at(UNIX_EPOCH - Duration::from_secs(1)),
        Err(IssueError::Clock)
    );
    assert_ne!(
        issuer.token("42").sign(),
        issuer.token("42").sign(),
        "each has an id of its own"
    );
}

#[test]
fn nothing_that_is_printed_holds_a_key() {
    let secret = String::from_utf8_lossy(SECRET);
    let printed = [
        format!("{:?}", signing()),
        format!("{:?}", signing().verifying_key()),
        format!("{:?}", builder()),
        format!("{:?}", layer()),
        format!("{:?}", layer().layer(())),
        format!("{:?}", issuer()),
        format!("{:?}", issuing(signing())),
        format!("{:?}", issuer().token("42")),
    ];
    for text in printed {
        assert!(
            !text.contains(&*secret) && !text.contains(&format!("{SECRET:?}")[1..20]),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_log_says_why_and_never_the_token() {
    let log = Log::default();
    let _listening = log.listen();
    let token = forge(HEADER, &claims_with(&json!({ "aud": "shop" })));
    let mut request = request(&[(AUTHORIZATION, format!("Bearer {token}").as_bytes())]);
    let id = RequestId::parse(&HeaderValue::from_static("id-7")).unwrap();
    request.extensions_mut().insert(id);
    let response = ask(&layer(), request).await;

    let record = log.text();
    for part in ["DEBUG", "portcullis::jwt", "id-7", "the token is for another audience"] {
        assert!(record.contains(part), "{part} in {record}");
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    for part in token.split('.').chain(["shop"]) {
        assert!(
            !record.contains(part) && !body.contains(part),
            "{part} in {record} {body}"
        );
    }
}

#[tokio::test]
async fn the_ready_service_is_the_one_called() {
    let (mut service, mut handle) =
        tower_test::mock::spawn_layer::<Request<Full<Bytes>>, Answer, _>(builder().optional().build().unwrap());
    handle.allow(0);
    assert!(service.poll_ready().is_pending());
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let pending = tokio::spawn(service.call(request(&[])));
    let (_, answer) = handle.next_request().await.unwrap();
    answer.send_response(Answer::default());
    assert_eq!(pending.await.unwrap().unwrap().status(), 200);
    // A refusal uses the readiness that was granted, and does not call.
    handle.allow(1);
    assert!(service.poll_ready().is_ready());
    let refused = service.call(request(&[(AUTHORIZATION, b"Bearer x")])).await.unwrap();
    assert_eq!(refused.status(), 401);
}

#[test]
fn the_service_is_send_sync_clone_and_debug_whatever_the_claims() {
    fn check<T: Send + Sync + Clone + std::fmt::Debug>() {}
    struct NotClone;
    check::<JwtLayer<NotClone>>();
    check::<Jwt<(), NotClone>>();
    check::<Issuer>();
    let _ = NotClone;
}

fn outcome(token: &[u8]) -> Option<Result<Option<String>, Refusal>> {
    let credentials = [b"Bearer ", token].concat();
    HeaderValue::from_bytes(&credentials).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    Some(runtime.block_on(send(&layer(), &[(AUTHORIZATION, &credentials)])))
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_pass(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!matches!(outcome(&bytes), Some(Ok(_))));
    }

    #[test]
    fn no_header_and_payload_make_it_panic(header in r#"\{("alg":"HS256")?[\{\}\[\]",:a-z0-9\\]{0,20}\}"#, payload in ".{0,60}") {
        let _ = outcome(forge(&header, &payload).as_bytes());
    }

    #[test]
    fn a_good_token_that_is_changed_anywhere_is_refused(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let token = issuer().token("42").sign().unwrap().into_bytes();
        let mut changed = token.clone();
        let place = place.index(changed.len());
        if cut { changed.truncate(place); } else { changed[place] = byte; }
        if changed != token {
            prop_assert!(!matches!(outcome(&changed), Some(Ok(_))));
        }
    }
}

#[test]
fn the_decoding_of_another_library_agrees() {
    for (private, _) in families() {
        let algorithm = private.algorithm().unwrap();
        let token = issuing(private).build().unwrap().token("42").sign().unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(format!("{:?}", header.alg), algorithm.name());
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    }
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::HS256);
    validation.set_audience(&["blog"]);
    validation.set_issuer(&[ISSUER]);
    let token = issuer().token("42").sign().unwrap();
    let data = jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_secret(SECRET), &validation).unwrap();
    assert_eq!(data.claims["sub"], "42");
}
