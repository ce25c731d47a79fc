//! Passwords as an app uses them: what is stored, who matches, what a handler answers when there are too many.

#![cfg(feature = "password")]

use std::error::Error as _;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http_body_util::Full;
use portcullis::Problem;
use portcullis::password::{PasswordError, Passwords, PasswordsBuilder};
use portcullis::problem::Cause;

fn weak() -> PasswordsBuilder {
    Passwords::builder().weak_for_tests()
}

#[tokio::test]
async fn a_password_matches_its_own_hash_and_no_other() {
    let passwords = weak().build().unwrap();
    let first = passwords.hash("correct horse").await.unwrap();
    let second = passwords.hash("correct horse").await.unwrap();
    assert_ne!(first, second, "each has a salt of its own");
    for (password, expect) in [
        ("correct horse", true),
        ("correct horse ", false),
        ("Correct horse", false),
        ("correct", false),
        ("", false),
    ] {
        let verdict = passwords.verify(password, Some(&first)).await.unwrap();
        assert_eq!((verdict.matches(), verdict.rehash()), (expect, None), "{password:?}");
    }
    // Passwords are bytes: NUL ends nothing, and the empty one is a password like any other.
    for password in ["", "a\0b", "пароль", &"x".repeat(1024)] {
        let stored = passwords.hash(password).await.unwrap();
        assert!(passwords.verify(password, Some(&stored)).await.unwrap().matches());
        assert!(!passwords.verify("a\0c", Some(&stored)).await.unwrap().matches());
    }
}

#[tokio::test]
async fn nobody_matches_for_an_unknown_user() {
    let passwords = weak().build().unwrap();
    for password in ["", "secret"] {
        let verdict = passwords.verify(password, None).await.unwrap();
        assert!(!verdict.matches() && verdict.rehash().is_none());
    }
}

#[tokio::test]
async fn an_outdated_hash_is_replaced_when_its_password_is_known() {
    let before = weak().build().unwrap();
    let now = weak().memory_kib(16).passes(2).build().unwrap();
    let stored = before.hash("secret").await.unwrap();

    let wrong = now.verify("guess", Some(&stored)).await.unwrap();
    assert!(!wrong.matches() && wrong.rehash().is_none());

    let rehash = now
        .verify("secret", Some(&stored))
        .await
        .unwrap()
        .into_rehash()
        .unwrap();
    assert!(rehash.starts_with("$argon2id$v=19$m=16,t=2,p=1$"), "{rehash}");
    let again = now.verify("secret", Some(&rehash)).await.unwrap();
    assert!(again.matches() && again.rehash().is_none());
}

#[tokio::test]
async fn without_its_pepper_a_hash_matches_nothing() {
    let plain = weak().build().unwrap();
    let peppered = weak().pepper("sixteen bytes and more").build().unwrap();
    let stored = peppered.hash("secret").await.unwrap();
    assert!(peppered.verify("secret", Some(&stored)).await.unwrap().matches());
    assert!(!plain.verify("secret", Some(&stored)).await.unwrap().matches());
    assert!(!stored.contains("sixteen"));
    for shown in [
        format!("{peppered:?}"),
        format!("{:?}", weak().pepper("sixteen bytes and more")),
        format!("{:?}", peppered.verify("secret", Some(&stored)).await.unwrap()),
    ] {
        assert!(!shown.contains("sixteen") && !shown.contains("[115, 105"), "{shown}");
        assert!(!shown.contains("$argon2"), "{shown}");
    }
}

#[tokio::test]
async fn every_error_has_its_answer_and_its_source() {
    // At full cost, so that the first is not done before the second asks.
    let full = Passwords::builder().concurrency(1).queue(0).build().unwrap();
    let (first, second) = tokio::join!(full.hash("a"), full.hash("b"));
    first.unwrap();
    let busy = second.unwrap_err();
    assert!(matches!(busy, PasswordError::Busy));

    let passwords = weak().max_bytes(64).build().unwrap();
    passwords.hash("x".repeat(64)).await.unwrap();
    let too_long = passwords.hash("x".repeat(65)).await.unwrap_err();
    assert!(matches!(too_long, PasswordError::TooLong));
    let too_long = passwords.verify("x".repeat(65), None).await.unwrap_err();

    let absurd = "$argon2id$v=19$m=4194304,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let malformed = passwords.verify("secret", Some(absurd)).await.unwrap_err();
    assert!(matches!(malformed, PasswordError::Malformed(_)));

    for (error, status, logged) in [(busy, 503, false), (too_long, 422, false), (malformed, 500, true)] {
        assert!(error.source().is_some());
        let response: http::Response<Full<Bytes>> = portcullis::Error::from(error).into_response();
        assert_eq!(response.status(), status);
        assert_eq!(response.extensions().get::<Cause>().is_some(), logged);
        assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 503);
        let detail = response.extensions().get::<Problem>().unwrap().detail();
        assert_eq!(detail.is_some(), status != 500);
    }
}

#[tokio::test]
async fn the_queue_is_seen_from_outside_and_shared_by_clones() {
    let passwords = weak().concurrency(2).queue(1).build().unwrap();
    assert_eq!(
        (passwords.concurrency(), passwords.running(), passwords.waiting()),
        (2, 0, 0)
    );
    let clone = passwords.clone();
    let (one, two, three, four) = tokio::join!(
        passwords.hash("1"),
        clone.hash("2"),
        passwords.verify("3", None),
        clone.hash("4"),
    );
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert!(matches!(four, Err(PasswordError::Busy)));
    assert_eq!((passwords.running(), passwords.waiting()), (0, 0));
}

#[cfg(feature = "bcrypt")]
#[tokio::test]
async fn bcrypt_hashes_are_verified_once_where_they_are_accepted() {
    // Made by bcryptjs 2.4.3 for Node.
    let old = "$2a$04$JBzhZkxts31xz2TyQVKBvuiJgsU2RuEYOSS8nplaPLATCvbyfKfUK";
    let strict = weak().build().unwrap();
    assert!(matches!(
        strict.verify("secret", Some(old)).await,
        Err(PasswordError::Malformed(_))
    ));

    let passwords = weak().accept_bcrypt().build().unwrap();
    for stored in [old, &old.replacen("$2a$", "$2b$", 1), &old.replacen("$2a$", "$2y$", 1)] {
        assert!(
            !passwords.verify("Secret", Some(stored)).await.unwrap().matches(),
            "{stored}"
        );
        let verdict = passwords.verify("secret", Some(stored)).await.unwrap();
        assert!(verdict.matches(), "{stored}");
        let new = verdict.into_rehash().unwrap();
        assert!(new.starts_with("$argon2id$"), "{new}");
        assert!(passwords.verify("secret", Some(&new)).await.unwrap().rehash().is_none());
    }
    let tail = &old[7..];
    for malformed in [
        "$2b$04$".to_owned(),
        format!("$2b$03${tail}"),
        format!("$2b$17${tail}"),
        format!("$2b$4$${tail}"),
        format!("$2b$04${}", "\u{e9}".repeat(53)),
        format!("$2b$04${tail}x"),
    ] {
        let verdict = passwords.verify("secret", Some(&malformed)).await;
        assert!(matches!(verdict, Err(PasswordError::Malformed(_))), "{malformed}");
    }
}
