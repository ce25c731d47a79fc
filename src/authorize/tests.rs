use std::convert::Infallible;

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{Request, Response};
use http_body_util::Full;
use proptest::prelude::*;
use tower::{Layer, ServiceExt, service_fn};

use super::layer::AuthorizeLayer;
use super::policy::{Decision, Policy};
use crate::identity::Identity;
use crate::request_view::RequestView;

async fn send(policy: Policy, identity: Option<Identity>) -> Response<Full<Bytes>> {
    let service = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
    let mut request = Request::new(());
    if let Some(identity) = identity {
        request.extensions_mut().insert(identity);
    }
    AuthorizeLayer::new(policy)
        .layer(service)
        .oneshot(request)
        .await
        .unwrap()
}

#[tokio::test]
async fn statuses_and_challenges() {
    async fn check(policy: Policy, identity: Option<Identity>, expect: (u16, Option<&str>)) {
        let named = format!("{policy} {identity:?}");
        let response = send(policy, identity).await;
        let challenge = response
            .headers()
            .get(WWW_AUTHENTICATE)
            .map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), challenge), expect, "{named}");
    }
    let anonymous = || Some(Identity::anonymous());
    let editor = || Some(Identity::user("7").with_roles(["editor"]).with_scopes(["read"]));
    let needs_write = "Bearer error=\"insufficient_scope\", scope=\"write\"";

    check(Policy::role("editor"), None, (500, None)).await;
    check(Policy::nobody(), None, (500, None)).await;
    check(Policy::anyone(), None, (200, None)).await;
    check(Policy::anyone(), anonymous(), (200, None)).await;
    check(Policy::authenticated(), anonymous(), (401, Some("Bearer"))).await;
    check(Policy::authenticated(), editor(), (200, None)).await;
    check(Policy::nobody(), anonymous(), (401, Some("Bearer"))).await;
    check(Policy::nobody(), editor(), (403, None)).await;
    check(Policy::role("editor"), editor(), (200, None)).await;
    check(Policy::role("Editor"), editor(), (403, None)).await;
    check(Policy::permission("editor"), editor(), (403, None)).await;
    check(Policy::scope("write"), editor(), (403, Some(needs_write))).await;
    check(
        Policy::role("editor") & Policy::scope("write"),
        editor(),
        (403, Some(needs_write)),
    )
    .await;
    check(Policy::role("admin") & Policy::scope("write"), editor(), (403, None)).await;
    check(Policy::role("admin") | Policy::scope("write"), editor(), (403, None)).await;
    check(!Policy::role("banned"), editor(), (200, None)).await;
    check(!Policy::role("banned"), anonymous(), (401, Some("Bearer"))).await;
    check(!!Policy::anyone(), anonymous(), (401, Some("Bearer"))).await;
    check(Policy::all_of([]), editor(), (403, None)).await;
    check(Policy::any_of([]), editor(), (403, None)).await;
    let reading = || Policy::request("reading", |request| request.method() == http::Method::GET);
    check(reading(), anonymous(), (200, None)).await;
    check(reading(), None, (500, None)).await;
    check(!reading(), editor(), (403, None)).await;
    check(reading() & Policy::role("editor"), anonymous(), (401, Some("Bearer"))).await;
    check(
        Policy::check("mine", |caller, _| caller.subject() == Some("7")),
        editor(),
        (200, None),
    )
    .await;
    check(Policy::check("open", |_, _| true), anonymous(), (401, Some("Bearer"))).await;
    // No other texts can be a scope (RFC 6749 section 3.3).
    for text in ["a\"b", "a\\b", "a b", "a\nb", "\u{e9}", ""] {
        check(Policy::scope(text), editor(), (403, None)).await;
    }
}

#[test]
fn policies_print_with_the_brackets_they_need() {
    fn check(policy: &Policy, expect: &str) {
        assert_eq!(policy.to_string(), expect);
    }
    let [a, b, c] = ["a", "b", "c"].map(Policy::role);
    check(&(a.clone() & b.clone() & c.clone()), "role a and role b and role c");
    check(&(a.clone() & (b.clone() | c.clone())), "role a and (role b or role c)");
    check(&!(a.clone() | b.clone()), "not (role a or role b)");
    check(&Policy::any_of([]), "nobody");
    check(&Policy::all_of([]), "nobody");
}

#[test]
fn a_challenge_that_is_no_header_is_a_fault() {
    for challenge in ["a\nb", "", " ", "\t"] {
        let error = AuthorizeLayer::new(Policy::anyone()).challenge(challenge).unwrap_err();
        assert_eq!(error.faults()[0].setting(), "challenge", "{challenge:?}");
    }
}

fn policies() -> impl Strategy<Value = Policy> {
    let leaf = prop_oneof![
        Just(Policy::anyone()),
        Just(Policy::nobody()),
        Just(Policy::authenticated()),
        "[ab]".prop_map(Policy::role),
        "[ab]".prop_map(Policy::scope),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a & b),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a | b),
            inner.prop_map(|a| !a),
        ]
    })
}

proptest! {
    #[test]
    fn de_morgan_holds_for_known_callers(a in policies(), b in policies(), roles in proptest::collection::vec("[ab]", 0..2)) {
        let identity = Identity::user("7").with_roles(roles);
        let request = Request::new(());
        let allows = |policy: Policy| policy.decide(&identity, RequestView::of(&request)) == Decision::Allow;
        prop_assert_eq!(allows(!(a.clone() & b.clone())), allows(!a.clone() | !b.clone()));
        prop_assert_eq!(allows(!(a.clone() | b.clone())), allows(!a.clone() & !b));
        prop_assert_eq!(allows(!!a.clone()), allows(a));
    }

    #[test]
    fn the_anonymous_satisfy_nothing_that_names_a_caller(policy in policies()) {
        let request = Request::new(());
        let decision = policy.decide(&Identity::anonymous(), RequestView::of(&request));
        if !policy.to_string().contains("anyone") {
            prop_assert_eq!(decision, Decision::Unauthenticated);
        }
    }
}
