//! The table of requests, and sequences of them that chance has made.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Version};
use http_body_util::Full;
use portcullis::client_ip::PeerAddr;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::Config;

use super::gates::{BREAK, CLOSURES, Gate, Parts};
use super::keys::{token, unknown_token};
use super::seen::{Seen, Stay, Watched};
use super::service::PATHS;

/// One request; each part that is empty is left out.
#[derive(Debug, Clone)]
struct Ask {
    method: Method,
    path: &'static str,
    origin: &'static str,
    caller: &'static str,
    user: &'static str,
    closed: &'static str,
    breaks: &'static str,
    site: &'static str,
    version: Version,
    peer: bool,
    stay: Stay,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            method: Method::GET,
            path: "/",
            origin: "",
            caller: "a",
            user: "",
            closed: "",
            breaks: "",
            site: "",
            version: Version::HTTP_11,
            peer: true,
            stay: Stay::End,
        }
    }
}

const NEVER: &str = "https://never.example.com";
const ORIGINS: [&str; 7] = [
    "",
    "https://app.example.com",
    "https://asked.example.com",
    "https://later.example.com",
    NEVER,
    "https://evil.example.com",
    "null",
];
const USERS: [&str; 5] = ["", "7", "8", "unknown", "forged"];
const CLOSED: [&str; 5] = ["", "yes", "never", "fails", "panics"];
const STAYS: [Stay; 6] = [
    Stay::End,
    Stay::End,
    Stay::Head,
    Stay::NotAtAll,
    Stay::Seconds(0),
    Stay::Seconds(2),
];

impl Ask {
    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::default());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.parse().unwrap();
        *request.version_mut() = self.version;
        let token = match self.user {
            "" => String::new(),
            "forged" => "Bearer forged".to_owned(),
            "unknown" => format!("Bearer {}", unknown_token()),
            user => format!("Bearer {}", token(user)),
        };
        for (name, value) in [
            ("x-request-id", "id-7"),
            ("origin", self.origin),
            ("x-caller", self.caller),
            ("authorization", &token),
            ("x-closed", self.closed),
            (BREAK, self.breaks),
            ("sec-fetch-site", self.site),
            // Makes a preflight of an `OPTIONS` with an origin, and nothing of others.
            ("access-control-request-method", "PUT"),
        ] {
            if !value.is_empty() {
                request
                    .headers_mut()
                    .insert(name, HeaderValue::try_from(value).unwrap());
            }
        }
        if self.peer {
            request
                .extensions_mut()
                .insert(PeerAddr("198.51.100.7:4711".parse().unwrap()));
        }
        request
    }
}

fn any_ask() -> impl Strategy<Value = Ask> {
    let how = (
        select(vec![
            Method::GET,
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::OPTIONS,
        ]),
        prop_oneof![Just("/"), select(&PATHS[..])],
        select(&ORIGINS[..]),
        select(vec!["a", "a", "b", ""]),
        select(&USERS[..]),
    );
    let odd = (
        prop_oneof![3 => Just(""), 1 => select(&CLOSED[..])],
        prop_oneof![5 => Just(""), 1 => select(&CLOSURES[..])],
        prop_oneof![3 => Just(""), 1 => Just("cross-site")],
        select(vec![Version::HTTP_11, Version::HTTP_2, Version::HTTP_10]),
        prop::bool::weighted(0.95),
        select(&STAYS[..]),
    );
    (how, odd).prop_map(
        |((method, path, origin, caller, user), (closed, breaks, site, version, peer, stay))| Ask {
            method,
            path,
            origin,
            caller,
            user,
            closed,
            breaks,
            site,
            version,
            peer,
            // An answer that is held back for ever is waited for no longer than that.
            stay: if origin == NEVER && matches!(stay, Stay::Head | Stay::End) {
                Stay::Seconds(60)
            } else {
                stay
            },
        },
    )
}

/// What the stack does otherwise, and means to.
fn allow_for(ask: &Ask, stack: &mut Seen, by_hand: &mut Seen) {
    // Nobody has waited for the answer. The stack tells of a panic at once, by hand that is done with the answer; of the cause that a
    // handler gives with its answer the second catch by hand tells, of which the stack has no more than what is caught there.
    let early = stack.outcome() == "panicked" && by_hand.outcome() == "aborted";
    let late = ask.path == "/cause" && stack.outcome() == "aborted" && by_hand.outcome() == "failed";
    if by_hand.status.is_none() && (early || late) {
        for seen in [stack, by_hand] {
            seen.records.clear();
            seen.log.clear();
        }
        return;
    }
    // What a future does while the deadline drops it no longer changes the answer.
    if ask.path == "/panic/drop" && stack.outcome() == "timed_out" && by_hand.outcome() == "panicked" {
        by_hand.status = stack.status;
        by_hand.headers.clone_from(&stack.headers);
        by_hand.body.clone_from(&stack.body);
        by_hand.records.clone_from(&stack.records);
        by_hand.log.clone_from(&stack.log);
    }
    // It knows the answer to an error, a crash or a deadline before it marks it. By hand the future of the layers in between is gone by then, so
    // that they neither tell their quota nor give back what does not count.
    if stack.outcome() != "complete" || ask.path == "/error/problem" {
        for seen in [stack, by_hand] {
            seen.headers
                .retain(|(name, _)| name != "ratelimit" && name != "ratelimit-policy");
        }
    }
}

async fn ask_all(build: fn(Parts) -> Gate, asks: &[Ask], draining: bool) -> Vec<Seen> {
    let gate = Watched::new(build, draining).await;
    let mut seen = Vec::new();
    for ask in asks {
        seen.push(gate.send(ask.request(), ask.stay).await);
    }
    seen
}

/// The statuses that both answer with.
async fn compare(asks: &[Ask], draining: bool) -> Vec<Option<u16>> {
    let stack = ask_all(Parts::stacked, asks, draining).await;
    let by_hand = ask_all(Parts::by_hand, asks, draining).await;
    let mut statuses = Vec::new();
    for (place, ((ask, mut one), mut other)) in asks.iter().zip(stack).zip(by_hand).enumerate() {
        assert_eq!(one.records.len(), 1, "{ask:#?}");
        allow_for(ask, &mut one, &mut other);
        assert_eq!(one, other, "the stack, and its layers by hand, at {place} of {asks:#?}");
        statuses.push(one.status);
    }
    statuses
}

#[tokio::test(start_paused = true)]
async fn a_table_of_requests() {
    for path in PATHS {
        for origin in ORIGINS {
            if origin != NEVER {
                compare(
                    &[Ask {
                        path,
                        origin,
                        ..Ask::default()
                    }],
                    false,
                )
                .await;
            }
        }
        compare(&[Ask { path, ..Ask::default() }], true).await;
    }
}

/// The deadline is 30 s. What a request waits for before it comes so far is none of its business.
#[tokio::test(start_paused = true)]
async fn a_deadline_is_for_what_is_within_it() {
    async fn check(asks: &[(&'static str, &'static str, &'static str)], expect: &[u16]) {
        let asks: Vec<_> = asks
            .iter()
            .map(|&(path, user, closed)| Ask {
                path,
                user,
                closed,
                ..Ask::default()
            })
            .collect();
        let expect: Vec<_> = expect.iter().copied().map(Some).collect();
        assert_eq!(compare(&asks, false).await, expect, "{asks:#?}");
    }
    // Of these the third waits for 40 s, as beyond its quota, and the fourth is refused.
    check(
        &[("/", "", ""), ("/", "", ""), ("/", "", ""), ("/", "", "")],
        &[200, 200, 200, 429],
    )
    .await;
    check(&[("/", "", ""), ("/", "", ""), ("/slow", "", "")], &[200, 200, 503]).await;
    check(&[("/slow", "", "")], &[503]).await;
    // For the first keys all wait for 20 s, and for one that nobody has for 40 s; then for the store of sessions and the question.
    check(&[("/wait", "7", "yes"), ("/slow", "7", "")], &[200, 503]).await;
    check(&[("/slow", "7", ""), ("/", "unknown", "")], &[503, 503]).await;
    check(&[("/", "7", "never"), ("/", "8", "yes")], &[503, 403]).await;
}

/// Teapots do not count, also where the client has gone while it was still being asked whether its page may read the answer.
#[tokio::test(start_paused = true)]
async fn what_does_not_count_is_given_back_when_the_service_has_answered() {
    let teapot = |caller| Ask {
        path: "/teapot",
        user: "7",
        origin: "https://later.example.com",
        caller,
        stay: Stay::Seconds(2),
        ..Ask::default()
    };
    let last = Ask {
        user: "7",
        ..Ask::default()
    };
    let statuses = compare(&[teapot("b"), teapot("c"), last], false).await;
    assert_eq!(statuses, [None, None, Some(200)]);
}

#[test]
fn sequences_of_requests() {
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(200)
    };
    proptest!(config, |(asks in prop::collection::vec(any_ask(), 1..6), draining in prop::bool::weighted(0.2))| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let _ = runtime.block_on(compare(&asks, draining));
    });
}
