use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::backend;
use super::cache::{self, Cache, TokenCache};
use super::claims::Claims;
use super::der;
use super::key::Key;
use super::key_source::KeySource;
use super::keys::Keys;
use super::outcome::{Now, Stop};
use super::payload::Reader;
use super::policy::Policy;
use super::refusal::{Refusal, TokenError};
use super::source;
use super::token::{Header, Token, Types, media_type};
use super::trust::Trust;
use crate::config_error::ConfigError;
use crate::identity::Identity;
use crate::identity::TokenSource;

fn keys(jwk: &str) -> Keys {
    let mut faults = ConfigError::collector();
    let keys = Keys::collect(vec![Key::jwk(jwk)], &mut faults);
    faults.finish().unwrap();
    keys
}

fn policy(jwk: &str) -> Policy<Value> {
    backend::ready().unwrap();
    Policy {
        trusted: vec![Trust {
            issuer: Some("joe".into()),
            audiences: Vec::new(),
            types: Types::AnyAccessToken,
            algorithms: None,
            keys: KeySource::Own(keys(jwk)),
        }],
        needs_expiry: true,
        leeway: Duration::from_secs(30),
        longest: 8192,
        reader: Reader::of_any_type(),
        identify: Arc::new(|_: &Arc<Value>| Some(Identity::user("joe"))),
    }
}

fn verify(policy: &Policy<Value>, token: &str, wall: impl Into<Option<Duration>>) -> Result<(), TokenError> {
    let now = Now {
        wall: wall.into(),
        steady: None,
    };
    match policy.verify(token, now) {
        Ok(_) => Ok(()),
        Err(Stop::Token(error)) => Err(error),
        Err(missing) => panic!("{missing:?}"),
    }
}

/// The tokens of RFC 7515 appendix A; both expire at 1300819380.
const RFC_HS256: (&str, &str) = (
    r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
     dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
);
const RFC_ES256: (&str, &str) = (
    r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    "eyJhbGciOiJFUzI1NiJ9.\
     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
     DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
);

/// Keys for tests, and for nothing else: they are public.
const RSA_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA9JD5npzapnsdNX9jT4Wf
qfWOXthP/hDlEycZvp1eas0un4BlMPWtk6/PKzewHNIyjprTTBoW72IsKEJUvyE/
uApCC7WubuRzaMWgnuX+D7sRehjGPlCJS6WjbM6Ugwor6p8WbjJHchzkspUbT8ny
OEstf6wKDB64lAJBl56JsgWi5O/aM3i94oIFjP5WZREErHOxPZxOT967zdRFsuBE
r8Ia9P7PpaEn5kRV1cN7wJP6jUPLZ1UTnKsht+/qUkjq0D/u3SVgAOQfYHJnT4P7
CBdCYVedC71kh+U1BqY+Ko4fzST6ZcNRmch84562lL3dmZftTEiAtmuRZ2B+LnTd
nQIDAQAB
-----END PUBLIC KEY-----";
const P256: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzQnVaTHPvJzsQJbC
5kB6Mln+Prq42ah+gmYv62qMMuShRANCAAT0ljld4Z09bzt8a+SMTAvLdpN7I5bO
tzvUl06hWnachZMWNbt5hmUkhT71X7IXZROiZMSAMHZpzCPNtxXVpDKt
-----END PRIVATE KEY-----";
const ED25519_PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAWu+cpoagN0WyYqwLntxAvQpR7e2a1YweShU3D6Sc5Ho=
-----END PUBLIC KEY-----";

#[test]
fn the_tokens_of_the_rfc_hold_until_their_expiry() {
    fn check((jwk, token): (&str, &str), now: Duration, expect: Result<(), TokenError>) {
        assert_eq!(verify(&policy(jwk), token, now), expect, "{now:?}");
    }
    let expiry = Duration::from_secs(1_300_819_380);
    let leeway = Duration::from_secs(30);
    let before_it = Duration::new(1_300_819_380 + 29, 999_999_999);
    for vector in [RFC_HS256, RFC_ES256] {
        check(vector, Duration::ZERO, Ok(()));
        check(vector, expiry, Ok(()));
        check(vector, before_it, Ok(()));
        check(vector, expiry + leeway, Err(TokenError::Expired));
        check(vector, Duration::MAX, Err(TokenError::Expired));
    }
    let crossed = verify(&policy(RFC_ES256.0), RFC_HS256.1, Duration::ZERO);
    assert_eq!(crossed, Err(TokenError::Key));
}

#[test]
fn the_first_fault_is_the_one_named() {
    let (jwk, token) = RFC_HS256;
    let mut policy = policy(jwk);
    let late = Duration::MAX;
    policy.trusted[0].audiences = vec!["blog".to_owned()];
    assert_eq!(verify(&policy, token, late), Err(TokenError::Audience));
    policy.trusted[0].issuer = Some("jim".into());
    assert_eq!(verify(&policy, token, late), Err(TokenError::Issuer));
    let forged = format!("{}A", &token[..token.len() - 1]);
    assert_eq!(verify(&policy, &forged, late), Err(TokenError::Signature));
    policy.longest = token.len() - 1;
    assert_eq!(verify(&policy, token, late), Err(TokenError::TooLong));
}

#[test]
fn by_a_clock_before_1970_nothing_is_in_time() {
    for (jwk, token) in [RFC_HS256, RFC_ES256] {
        assert_eq!(verify(&policy(jwk), token, None), Err(TokenError::Clock));
    }
}

fn at(wall: Duration) -> Now {
    Now {
        wall: Some(wall),
        steady: None,
    }
}

#[test]
fn a_cached_token_is_judged_by_time_at_every_hit() {
    let (jwk, token) = RFC_HS256;
    let policy = policy(jwk);
    let expiry = Duration::from_secs(1_300_819_380);
    let cache = Cache::new(TokenCache::new(1, 100_000));
    let accepted = policy.verify(token, at(expiry)).unwrap();
    cache.insert(token, &accepted.identity, accepted.validity);
    let hit = |now: Now| cache.get(token, |validity| policy.still(validity, now)).is_some();
    assert!(hit(at(expiry)) && hit(at(expiry + Duration::from_secs(29))));
    assert!(!hit(at(expiry + Duration::from_secs(30))));
    // What has expired is thrown out; the clock may be set back.
    assert_eq!(cache.size(), (0, 0));

    let accepted = policy.verify(token, at(expiry)).unwrap();
    cache.insert(token, &accepted.identity, accepted.validity);
    let no_clock = Now {
        wall: None,
        steady: None,
    };
    assert!(!hit(no_clock));
}

#[test]
fn a_cached_token_is_not_valid_before_its_start_either() {
    let jwk = r#"{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
    let policy = policy(jwk);
    let mut token = "eyJhbGciOiJIUzI1NiJ9.".to_owned();
    URL_SAFE_NO_PAD.encode_string(r#"{"iss":"joe","nbf":1000,"exp":2000}"#, &mut token);
    let key = jsonwebtoken::EncodingKey::from_secret(&[0; 32]);
    let signature = backend::sign(token.as_bytes(), &key, Algorithm::HS256).unwrap();
    let token = format!("{token}.{signature}");
    let accepted = policy.verify(&token, at(Duration::from_secs(1500))).unwrap();
    for (second, expect) in [(969, false), (970, true), (2029, true), (2030, false)] {
        assert_eq!(
            policy.still(&accepted.validity, at(Duration::from_secs(second))),
            expect,
            "{second}"
        );
    }
}

#[test]
fn a_cache_compares_whole_tokens_and_keeps_its_bounds() {
    let (jwk, token) = RFC_HS256;
    let accepted = policy(jwk).verify(token, at(Duration::ZERO)).unwrap();
    let insert = |cache: &Cache, token: &str| {
        cache.insert(token, &accepted.identity, accepted.validity);
    };
    let hit = |cache: &Cache, token: &str| cache.get(token, |_| true).is_some();

    let cache = Cache::new(TokenCache::new(1000, 1 << 20));
    insert(&cache, token);
    for (place, _) in token.char_indices() {
        let mut other = token.to_owned();
        other.replace_range(place..=place, "~");
        assert!(!hit(&cache, &other), "{other}");
        assert!(!hit(&cache, &token[..place]));
    }
    assert!(hit(&cache, token));
    insert(&cache, token);
    assert_eq!(cache.size(), (1, cache::weight(token.len())));

    // By count, by weight, and by both; what is larger than all is not kept at all.
    for (entries, bytes) in [(1, 1 << 20), (3, 1 << 20), (1000, 15 * 12_000), (5000, 1 << 20)] {
        let cache = Cache::new(TokenCache::new(entries, bytes));
        for number in 0..3000 {
            insert(&cache, &format!("{number}{}", "x".repeat(number % 700)));
            let (count, weight) = cache.size();
            assert!((1..=entries).contains(&count) && weight <= bytes, "{count} {weight}");
        }
        insert(&cache, &"x".repeat(bytes));
        assert!(!hit(&cache, &"x".repeat(bytes)));
    }

    // What is asked for stays, and what is not goes.
    let cache = Cache::new(TokenCache::new(10, 1 << 20));
    insert(&cache, "busy");
    for number in 0..1000 {
        assert!(hit(&cache, "busy"), "{number}");
        insert(&cache, &number.to_string());
    }
    assert!(!hit(&cache, "0"));

    // A hit that is good no more makes room.
    for _ in 0..100 {
        insert(&cache, "spoilt");
        assert!(cache.get("spoilt", |_| false).is_none());
        assert!(!hit(&cache, "spoilt"));
    }
    assert!(cache.size().0 <= 10);
    for bad in [(0, 1 << 20), (10, 10_000), (1_000_000, 100_000)] {
        assert!(TokenCache::new(bad.0, bad.1).check().is_err(), "{bad:?}");
    }
}

#[test]
fn one_token_from_one_place() {
    fn check(lines: &[&str], cookies: &[&str], expect: Result<Option<(&str, TokenSource)>, Refusal>) {
        let mut headers = HeaderMap::new();
        for (name, values) in [(AUTHORIZATION, lines), (COOKIE, cookies)] {
            for value in values {
                headers.append(&name, HeaderValue::from_str(value).unwrap());
            }
        }
        let found = source::find(&headers, Some("t"));
        let found = match found {
            Ok(Some((token, _))) if !source::is_token68(token) => Err(Refusal::MalformedCredentials),
            found => found,
        };
        assert_eq!(found, expect, "{lines:?} {cookies:?}");
    }
    let bearer = |token| Ok(Some((token, TokenSource::Bearer)));
    let cookie = |token| Ok(Some((token, TokenSource::Cookie)));
    check(&[], &[], Ok(None));
    check(&["Bearer a.b.c"], &[], bearer("a.b.c"));
    check(&["bEARER    a"], &[], bearer("a"));
    check(&["Bearer a~+/=="], &[], bearer("a~+/=="));
    check(&["Bearer a=a"], &[], Err(Refusal::MalformedCredentials));
    check(&["Bearer ="], &[], Err(Refusal::MalformedCredentials));
    check(&["Bearer"], &[], Err(Refusal::MalformedCredentials));
    check(&["Bearer\ta"], &[], Err(Refusal::MalformedCredentials));
    check(&["Bearer a "], &[], Err(Refusal::MalformedCredentials));
    check(&["Bearer a,Bearer b"], &[], Err(Refusal::MalformedCredentials));
    check(&[" Bearer a"], &[], Err(Refusal::MalformedCredentials));
    check(&[""], &[], Err(Refusal::MalformedCredentials));
    check(&["Basic YTpi"], &[], Ok(None));
    check(&["BearerToken a"], &[], Ok(None));
    check(&["Bearer a", "Bearer a"], &[], Err(Refusal::SeveralCredentials));
    check(&["Basic YTpi", "Bearer a"], &[], Err(Refusal::SeveralCredentials));
    check(&[], &["t=a"], cookie("a"));
    check(&[], &["s=b; t=a ;u"], cookie("a"));
    check(&[], &["s=b", "t=a"], cookie("a"));
    check(&[], &["t="], Ok(None));
    check(&[], &["tt=a; T=a; t"], Ok(None));
    check(&[], &["t=a b"], Err(Refusal::MalformedCredentials));
    check(&[], &["t=a; t=a"], Err(Refusal::SeveralCredentials));
    check(&["Bearer a"], &["t=a"], Err(Refusal::SeveralCredentials));
    check(&["Bearer a"], &["t="], bearer("a"));
    check(&["Basic YTpi"], &["t=a"], cookie("a"));
}

#[test]
fn media_types_are_compared_without_case_or_tree() {
    fn check(typ: &str, expect: &str) {
        assert_eq!(media_type(typ), expect);
    }
    check("at+jwt", "at+jwt");
    check("application/at+jwt", "at+jwt");
    check("APPLICATION/at+jwt", "at+jwt");
    check("application/", "");
    check("application/a/b", "application/a/b");
    check("text/at+jwt", "text/at+jwt");
    check("applicatio\u{e9}/x", "applicatio\u{e9}/x");
}

#[test]
fn claims_are_written_as_they_are_read() {
    let text = r#"{"sub":"42","iss":"joe","aud":["a","b"],"exp":2,"iat":1,"jti":"j","roles":["admin"],"permissions":["p"],"scope":"r w","x":{"y":[1]}}"#;
    let claims: Claims = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&claims).unwrap(), text);
    assert_eq!(serde_json::from_str::<Claims>(r#"{"exp":2.9}"#).unwrap().exp, Some(2));
    assert_eq!(serde_json::to_string(&Claims::default()).unwrap(), "{}");
}

fn header(json: &str) -> Result<(), TokenError> {
    Header::read(json).map(drop)
}

#[test]
fn names_with_escapes_are_the_same_names() {
    assert_eq!(header(r#"{"\u0061lg":"HS256"}"#), Ok(()));
    assert_eq!(header(r#"{"alg":"HS25\u0036"}"#), Ok(()));
    assert_eq!(header(r#"{"alg":"HS256","\u0063rit":[]}"#), Err(TokenError::Critical));
    assert_eq!(header(r#"{"alg":"HS256","a":1,"\u0061":1}"#), Err(TokenError::Header));
    assert_eq!(header(r#"{"alg":"HS256","a":"\ud800"}"#), Err(TokenError::Header));
    // Whichever comes first, and among how many.
    for count in 0..40 {
        let others: Vec<_> = (0..count).map(|number| format!(r#","n{number}":1"#)).collect();
        let others = others.concat();
        for (first, second) in [("a", "a"), ("\\u0061", "a"), ("a", "\\u0061"), ("\\u0061", "\\u0061")] {
            for twice in [
                format!(r#"{{"alg":"HS256","{first}":1{others},"{second}":1}}"#),
                format!(r#"{{"alg":"HS256"{others},"{first}":1,"{second}":1}}"#),
            ] {
                assert_eq!(header(&twice), Err(TokenError::Header), "{twice}");
            }
        }
        assert_eq!(header(&format!(r#"{{"alg":"HS256","\u0061":1{others}}}"#)), Ok(()));
    }
}

#[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
#[test]
fn without_a_backend_building_says_so() {
    let error = super::JwtLayer::builder().build().unwrap_err();
    let reason = error.faults()[0].reason();
    assert!(reason.contains("`aws-lc` or `rust-crypto`"), "{reason}");
}

proptest! {
    #[test]
    fn no_key_makes_reading_panic(der in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = (der::public_key(&der), der::private_key(&der), der::from_pem(&der));
    }

    #[test]
    fn no_key_that_is_cut_or_changed_makes_reading_panic(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        for pem in [RSA_PUBLIC, P256, ED25519_PUBLIC] {
            let mut der = der::from_pem(pem.as_bytes()).unwrap();
            let place = place.index(der.len());
            if cut { der.truncate(place); } else { der[place] = byte; }
            let _ = (der::public_key(&der), der::private_key(&der));
        }
    }

    #[test]
    fn a_split_token_is_what_it_was(text in "[a-zA-Z0-9_.-]{0,40}") {
        match Token::split(&text) {
            Ok(token) => {
                prop_assert_eq!(text.split('.').filter(|segment| !segment.is_empty()).count(), 3);
                prop_assert_eq!(format!("{}.{}", token.signed, token.signature), text);
            }
            Err(_) => prop_assert!(text.split('.').count() != 3 || text.split('.').any(str::is_empty)),
        }
    }
}
