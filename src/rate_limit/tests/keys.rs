use http::{HeaderValue, Request};

use crate::caller::{Key, Missing, MissingKey, Salt};
use crate::client_ip::PeerAddr;
use crate::identity::Identity;
use crate::request_view::RequestView;
use crate::trail::Trail;

fn request(peer: Option<&str>, lines: &[(&'static str, &'static str)]) -> Request<()> {
    let mut request = Request::new(());
    for (name, value) in lines {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    if let Some(peer) = peer {
        request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
    }
    request
}

#[test]
fn callers_are_told_apart_by_their_key() {
    let salt = Salt::secret();
    let caller = |key: &Key, request: &Request<()>| key.caller(&RequestView::of(request), &salt);
    let by_address = |peer: &str| caller(&Key::client_address(), &request(Some(peer), &[]));

    assert_eq!(by_address("192.0.2.1:1"), by_address("192.0.2.1:2"));
    assert_eq!(by_address("192.0.2.1:1"), by_address("[::ffff:192.0.2.1]:1"));
    assert_ne!(by_address("[::ffff:192.0.2.1]:1"), by_address("[::ffff:192.0.2.2]:1"));
    assert_eq!(by_address("[2001:db8::1]:1"), by_address("[2001:db8::ffff:1]:1"));
    assert_ne!(by_address("[2001:db8::1]:1"), by_address("[2001:db8:0:1::1]:1"));
    let wide = Key::client_address().ipv6_prefix(56);
    assert_eq!(
        caller(&wide, &request(Some("[2001:db8::1]:1"), &[])),
        caller(&wide, &request(Some("[2001:db8:0:1::1]:1"), &[])),
    );
    assert_eq!(
        caller(&Key::client_address(), &request(None, &[])),
        Err(Missing::Address)
    );

    let by_header = |lines: &[_]| caller(&Key::header("X-Api-Key"), &request(None, lines));
    assert!(matches!(by_header(&[("x-api-key", "a")]), Ok(Some(_))));
    assert_ne!(by_header(&[("x-api-key", "a")]), by_header(&[("x-api-key", "A")]));
    assert_eq!(by_header(&[]), Ok(None));
    assert_eq!(by_header(&[("x-api-key", "")]), Ok(None));
    // Whoever reads the other line would be let in under a fresh quota.
    assert_eq!(by_header(&[("x-api-key", "a"), ("x-api-key", "b")]), Ok(None));

    let by_user = |identity| {
        let mut request = request(Some("192.0.2.1:1"), &[]);
        request.extensions_mut().insert::<Identity>(identity);
        caller(&Key::user(), &request)
    };
    assert_eq!(by_user(Identity::user("7")), by_user(Identity::user("7")));
    assert_ne!(by_user(Identity::user("7")), by_user(Identity::user("8")));
    assert_eq!(by_user(Identity::anonymous()), Ok(None));
    assert_eq!(
        caller(&Key::user(), &request(Some("192.0.2.1:1"), &[])),
        Err(Missing::Identity)
    );
    assert_ne!(by_user(Identity::user("a")), by_header(&[("x-api-key", "a")]));

    let by_credentials = |lines: &[_]| caller(&Key::credentials("ApiKey"), &request(None, lines));
    assert!(matches!(by_credentials(&[("authorization", "ApiKey a")]), Ok(Some(_))));
    assert_eq!(
        by_credentials(&[("authorization", "ApiKey a")]),
        by_credentials(&[("authorization", "apikey  a ")])
    );
    assert_ne!(
        by_credentials(&[("authorization", "ApiKey a")]),
        by_credentials(&[("authorization", "ApiKey A")])
    );
    for none in ["Bearer a", "ApiKey", "ApiKey ", "ApiKeys a", "Api", ""] {
        assert_eq!(by_credentials(&[("authorization", none)]), Ok(None), "{none}");
    }
    assert_eq!(
        by_credentials(&[("authorization", "ApiKey a"), ("authorization", "ApiKey b")]),
        Ok(None)
    );

    let everyone = |peer: &str| caller(&Key::everyone(), &request(Some(peer), &[]));
    assert_eq!(everyone("192.0.2.1:1"), everyone("192.0.2.2:1"));

    let by_tenant = Key::from_fn(|request| request.headers().get("host").cloned());
    assert_eq!(caller(&by_tenant, &request(None, &[])), Ok(None));
    assert!(matches!(
        caller(&by_tenant, &request(None, &[("host", "a")])),
        Ok(Some(_))
    ));
}

#[test]
fn the_hash_of_a_caller_is_secret() {
    let request = request(Some("192.0.2.1:1"), &[]);
    let hash = || Key::client_address().caller(&RequestView::of(&request), &Salt::secret());
    assert_ne!(hash(), hash());
    // The address is hashed as an address, not as any bytes that spell it.
    let salt = Salt::secret();
    let address: std::net::IpAddr = "192.0.2.1".parse().unwrap();
    assert_ne!(
        Key::client_address().caller(&RequestView::of(&request), &salt),
        Ok(Some(salt.fingerprint(address)))
    );
}

#[test]
fn keys_together_tell_callers_apart_by_each() {
    let salts = [Salt::secret(), Salt::Shared];
    let caller = |key: &Key, peer: Option<&str>, api: &'static str, route: &str| {
        let mut request = request(peer, &[("x-api-key", api)]);
        let trail = Trail::default();
        if !route.is_empty() {
            trail.note_route(route.into());
        }
        request.extensions_mut().insert(trail);
        salts
            .each_ref()
            .map(|salt| key.caller(&RequestView::of(&request), salt))
    };
    let address = || Key::client_address();
    let (one, two) = (Some("192.0.2.1:1"), Some("192.0.2.2:1"));

    let by_route = address().and(Key::route());
    assert_eq!(caller(&by_route, one, "", "/a"), caller(&by_route, one, "", "/a"));
    assert_ne!(caller(&by_route, one, "", "/a"), caller(&by_route, one, "", "/b"));
    assert_ne!(caller(&by_route, one, "", "/a"), caller(&by_route, two, "", "/a"));
    assert_ne!(caller(&by_route, one, "", "/a"), caller(&by_route, one, "", ""));
    assert_eq!(caller(&by_route, one, "", ""), caller(&by_route, one, "", ""));
    assert_eq!(caller(&by_route, None, "", "/a"), [Err(Missing::Address); 2]);
    assert_ne!(caller(&by_route, one, "", "/a"), caller(&address(), one, "", "/a"));

    let all = address().and(Key::header("x-api-key")).and(Key::route());
    assert_eq!(caller(&all, one, "k", "/a"), caller(&all, one, "k", "/a"));
    for other in [
        caller(&all, two, "k", "/a"),
        caller(&all, one, "l", "/a"),
        caller(&all, one, "k", "/b"),
    ] {
        assert_ne!(caller(&all, one, "k", "/a"), other);
    }
    assert_eq!(caller(&all, one, "", "/a"), [Ok(None); 2]);

    let wide = address().and(Key::route()).ipv6_prefix(56);
    let pair = [Some("[2001:db8::1]:1"), Some("[2001:db8:0:1::1]:1")];
    assert_eq!(caller(&wide, pair[0], "", "/a"), caller(&wide, pair[1], "", "/a"));
    assert_ne!(
        caller(&by_route, pair[0], "", "/a"),
        caller(&by_route, pair[1], "", "/a")
    );
}

#[test]
fn without_its_key_only_an_unknown_user_is_let_by() {
    fn check(key: &Key, expect: MissingKey) {
        assert_eq!(key.on_missing(), expect, "{key:?}");
    }
    check(&Key::user(), MissingKey::Admit);
    check(&Key::user().and(Key::route()), MissingKey::Admit);
    check(&Key::client_address().and(Key::user()), MissingKey::Admit);
    check(&Key::user().and(Key::header("x-api-key")), MissingKey::ByAddress);
    check(&Key::credentials("ApiKey"), MissingKey::ByAddress);
    check(&Key::client_address().and(Key::route()), MissingKey::ByAddress);
}
