use std::convert::Infallible;

use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{Request, Response};
use http_body_util::Full;
use proptest::prelude::*;
use tower::{Layer, ServiceExt, service_fn};

use super::layer::AuthorizeLayer;
use super::policy::{Decision, Policy};
use super::question::{Answer, Answers};
use crate::identity::Identity;
use crate::problem::Problem;
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
        let allows = |policy: Policy| policy.decide(&identity, RequestView::of(&request), &Answers::default()) == Decision::Allow;
        prop_assert_eq!(allows(!(a.clone() & b.clone())), allows(!a.clone() | !b.clone()));
        prop_assert_eq!(allows(!(a.clone() | b.clone())), allows(!a.clone() & !b));
        prop_assert_eq!(allows(!!a.clone()), allows(a));
    }

    #[test]
    fn the_anonymous_satisfy_nothing_that_names_a_caller(policy in policies()) {
        let request = Request::new(());
        let decision = policy.decide(&Identity::anonymous(), RequestView::of(&request), &Answers::default());
        if !policy.to_string().contains("anyone") {
            prop_assert_eq!(decision, Decision::Unauthenticated);
        }
    }
}

struct Plan(&'static str);

#[tokio::test]
async fn claims_that_are_not_there_decide_nothing() {
    async fn check(policy: Policy, identity: Identity, plan: Option<&'static str>, expect: u16) {
        let service = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
        let mut request = Request::new(());
        request.extensions_mut().insert(match plan {
            Some(plan) => identity.with_claims(std::sync::Arc::new(Plan(plan))),
            None => identity,
        });
        let named = policy.to_string();
        let response = AuthorizeLayer::new(policy)
            .layer(service)
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(response.status(), expect, "{named} {plan:?}");
    }
    let pro = || Policy::claim("pro", |plan: &Plan| plan.0 == "pro");
    let user = || Identity::user("7");
    check(pro(), user(), Some("pro"), 200).await;
    check(pro(), user(), Some("free"), 403).await;
    check(pro(), user(), None, 500).await;
    check(pro(), Identity::anonymous(), Some("pro"), 401).await;
    check(!pro(), user(), Some("pro"), 403).await;
    check(!pro(), user(), Some("free"), 200).await;
    check(!pro(), user(), None, 500).await;
    check(!!pro(), user(), None, 500).await;
    check(pro() | Policy::authenticated(), user(), None, 200).await;
    check(pro() | Policy::role("admin"), user(), None, 500).await;
    check(pro() & Policy::role("admin"), user(), None, 403).await;
    check(pro() & Policy::authenticated(), user(), None, 500).await;
}

/// A policy as it is said, for a decision by the book.
#[derive(Debug, Clone)]
enum Said {
    Known(bool),
    Ask(usize),
    And(Box<Said>, Box<Said>),
    Or(Box<Said>, Box<Said>),
    Not(Box<Said>),
}

impl Said {
    fn policy(&self, questions: &[Policy]) -> Policy {
        match self {
            Self::Known(true) => Policy::authenticated(),
            Self::Known(false) => Policy::nobody(),
            Self::Ask(place) => questions[*place].clone(),
            Self::And(a, b) => a.policy(questions) & b.policy(questions),
            Self::Or(a, b) => a.policy(questions) | b.policy(questions),
            Self::Not(a) => !a.policy(questions),
        }
    }

    fn allows(&self, answers: &[bool]) -> bool {
        match self {
            Self::Known(truth) => *truth,
            Self::Ask(place) => answers[*place],
            Self::And(a, b) => a.allows(answers) && b.allows(answers),
            Self::Or(a, b) => a.allows(answers) || b.allows(answers),
            Self::Not(a) => !a.allows(answers),
        }
    }
}

const QUESTIONS: [&str; 3] = ["0", "1", "2"];

fn said() -> impl Strategy<Value = Said> {
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Said::Known),
        4 => (0..QUESTIONS.len()).prop_map(Said::Ask),
    ];
    leaf.prop_recursive(5, 32, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Said::And(a.into(), b.into())),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Said::Or(a.into(), b.into())),
            inner.prop_map(|a| Said::Not(a.into())),
        ]
    })
}

/// Decides as the service does, and counts what it asked. `None` is a failure.
fn inquire(policy: &Policy, world: [Option<bool>; 3]) -> (Decision, [usize; 3]) {
    let request = Request::new(());
    let identity = Identity::user("7");
    let mut answers = Answers::default();
    let mut asked = [0; 3];
    loop {
        match policy.decide(&identity, RequestView::of(&request), &answers) {
            Decision::Ask(question) => {
                let place: usize = question.name.parse().unwrap();
                asked[place] += 1;
                assert!(asked[place] < 2, "asked twice");
                let answer = match world[place] {
                    Some(true) => Answer::Yes,
                    Some(false) => Answer::No,
                    None => Answer::Failed(Problem::new(http::StatusCode::SERVICE_UNAVAILABLE)),
                };
                answers.give(question, answer);
            }
            decision => return (decision, asked),
        }
    }
}

fn questions() -> [Policy; 3] {
    QUESTIONS.map(|name| Policy::ask(name, |_, _| async { Ok(true) }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    /// Whatever the failed ones might have said, it would have been the same.
    #[test]
    fn what_fails_decides_nothing(said in said(), world: [Option<bool>; 3]) {
        let policy = said.policy(&questions());
        let (decision, _) = inquire(&policy, world);
        let mut possible = Vec::new();
        for bits in 0..8_u8 {
            let answers = [0, 1, 2].map(|place| world[place].unwrap_or(bits >> place & 1 == 1));
            possible.push(said.allows(&answers));
        }
        match decision {
            Decision::Allow => prop_assert!(possible.iter().all(|allows| *allows)),
            Decision::Forbidden => prop_assert!(possible.iter().all(|allows| !allows)),
            Decision::Unanswered(_) => prop_assert!(world.contains(&None)),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn where_all_fail_nothing_that_asks_allows(said in said()) {
        let asks = said.policy(&questions());
        let (decision, asked) = inquire(&asks, [None; 3]);
        prop_assert!(decision != Decision::Allow || asked == [0; 3]);
    }

    #[test]
    fn what_is_known_is_not_asked(said in said(), world: [bool; 3]) {
        let known = Policy::authenticated;
        let (decision, asked) = inquire(&(said.policy(&questions()) | known()), world.map(Some));
        prop_assert_eq!((decision, asked), (Decision::Allow, [0; 3]));
        let (decision, asked) = inquire(&(said.policy(&questions()) & !known()), world.map(Some));
        prop_assert_eq!((decision, asked), (Decision::Forbidden, [0; 3]));
    }
}

#[test]
fn questions_are_asked_from_left_to_right_while_they_matter() {
    fn check(policy: impl Fn([Policy; 3]) -> Policy, world: [Option<bool>; 3], expect: &(Decision, [usize; 3])) {
        let policy = policy(questions());
        assert_eq!(inquire(&policy, world), *expect, "{policy} {world:?}");
    }
    let (yes, no, fails) = (Some(true), Some(false), None);
    check(|[a, b, c]| a | b | c, [no, yes, yes], &(Decision::Allow, [1, 1, 0]));
    check(|[a, b, c]| a | b | c, [fails, yes, no], &(Decision::Allow, [1, 1, 0]));
    check(
        |[a, b, _]| a | b,
        [fails, no, no],
        &(Decision::Unanswered(0), [1, 1, 0]),
    );
    check(|[a, b, c]| a & b & c, [no, yes, yes], &(Decision::Forbidden, [1, 0, 0]));
    check(|[a, b, _]| a & b, [fails, no, no], &(Decision::Forbidden, [1, 1, 0]));
    check(
        |[a, b, _]| !(a & b),
        [fails, yes, no],
        &(Decision::Unanswered(0), [1, 1, 0]),
    );
    check(|[a, _, _]| !a, [fails, no, no], &(Decision::Unanswered(0), [1, 0, 0]));
    check(
        |[a, _, _]| a.clone() & !a,
        [yes, no, no],
        &(Decision::Forbidden, [1, 0, 0]),
    );
    // What is missing for certain is named, whatever the rest would come to.
    let write = || Policy::scope("write");
    check(
        |[a, _, _]| a & write(),
        [yes; 3],
        &(Decision::InsufficientScope("write".into()), [0; 3]),
    );
}
