//! The seam to stores elsewhere, with one that answers when it is told to.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::oneshot;
use tower::{Layer, ServiceExt, service_fn};

use super::quota;
use crate::client_ip::PeerAddr;
use crate::problem::Problem;
use crate::rate_limit::policy::Standing;
use crate::rate_limit::store::{Charge, Refund, SharedStore, StoreFailure, Taken, Taking};
use crate::rate_limit::{Allowance, Count, Limit, RateLimitLayer, RateLimitLayerBuilder};

type Answer = Result<Taken, StoreFailure>;

/// What it is asked, and the answers that it waits for.
#[derive(Debug, Default)]
struct Fake {
    asked: Mutex<Vec<Vec<Charge>>>,
    given_back: Mutex<Vec<Refund>>,
    answers: Mutex<Vec<oneshot::Receiver<Answer>>>,
}

impl Fake {
    fn next_answer(&self) -> oneshot::Sender<Answer> {
        let (send, receive) = oneshot::channel();
        self.answers.lock().unwrap().push(receive);
        send
    }

    fn answer(&self, answer: Answer) {
        self.next_answer().send(answer).unwrap();
    }
}

impl SharedStore for Fake {
    fn take(&self, charges: Vec<Charge>) -> Taking {
        self.asked.lock().unwrap().push(charges);
        let answer = self.answers.lock().unwrap().remove(0);
        Box::pin(async { answer.await.unwrap() })
    }

    fn give_back(&self, refunds: Vec<Refund>) {
        self.given_back.lock().unwrap().extend(refunds);
    }
}

fn layer(settings: impl FnOnce(RateLimitLayerBuilder) -> RateLimitLayerBuilder) -> (RateLimitLayer, Arc<Fake>) {
    let fake = Arc::new(Fake::default());
    let store = Arc::clone(&fake);
    let builder = settings(RateLimitLayer::builder()).store(Box::new(move |terms| {
        assert_eq!(terms.quotas[0].0, "default");
        Ok(store)
    }));
    (builder.build().unwrap(), fake)
}

fn from(peer: &str) -> Request<()> {
    let mut request = Request::new(());
    request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
    request
}

async fn send(layer: &RateLimitLayer, status: u16) -> Response<Full<Bytes>> {
    let service = service_fn(move |request: Request<()>| async move {
        let left = request.extensions().get::<Allowance>().map(Allowance::remaining);
        let mut response = Response::new(Full::from(format!("{left:?}")));
        *response.status_mut() = status.try_into().unwrap();
        Ok::<_, std::convert::Infallible>(response)
    });
    layer.layer(service).oneshot(from("192.0.2.1:1")).await.unwrap()
}

fn standing(remaining: u32) -> Standing {
    Standing {
        remaining,
        more_in: 7_000_000_000,
        whole_in: 90_000_000_000,
    }
}

#[tokio::test]
async fn a_request_waits_for_the_store_and_is_told_what_it_says() {
    let (layer, store) = layer(|limit| limit.quota(quota("10 per minute")).expose_state());
    let answer = store.next_answer();
    let request = tokio::spawn({
        let layer = layer.clone();
        async move { send(&layer, 200).await }
    });
    tokio::task::yield_now().await;
    assert!(!request.is_finished());
    answer.send(Ok(Taken::Admitted(vec![standing(4)]))).unwrap();
    let response = request.await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["ratelimit"], "\"default\";r=4;t=7");
    assert_eq!(response.headers()["ratelimit-policy"], "\"default\";q=10;w=60");

    let refused = Taken::Refused {
        by: 0,
        standing: standing(0),
    };
    store.answer(Ok(refused));
    let response = send(&layer, 200).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(response.headers()["ratelimit"], "\"default\";r=0;t=7");

    let asked = store.asked.lock().unwrap();
    assert_eq!(asked[0], asked[1]);
    assert!(
        asked[0][0].caller > u128::from(u64::MAX),
        "128 bits, as all processes hash it"
    );
}

#[tokio::test]
async fn what_the_store_says_of_several_is_told_of_each() {
    let (layer, store) = layer(|limit| {
        limit
            .quota(quota("10 per minute"))
            .limit(Limit::new(quota("5 per hour").name("never")).when(|_| false))
            .limit(Limit::new(quota("100 per hour").name("hour")).weight(|_| 3))
    });
    store.answer(Ok(Taken::Admitted(vec![standing(4), standing(50)])));
    let response = send(&layer, 200).await;
    let lines: Vec<_> = response.headers().get_all("ratelimit").iter().collect();
    assert_eq!(lines, ["\"default\";r=4;t=7", "\"hour\";r=50;t=7"]);
    let asked = store.asked.lock().unwrap();
    let places: Vec<_> = asked[0].iter().map(|charge| (charge.quota, charge.weight)).collect();
    assert_eq!(places, [(0, 1), (2, 3)]);
}

#[tokio::test]
async fn a_store_that_cannot_count_refuses_or_admits_as_it_says() {
    let (layer, store) = layer(|limit| limit.quota(quota("10 per minute")));
    store.answer(Err(StoreFailure("down".into())));
    let response = send(&layer, 200).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(response.extensions().get::<Problem>().is_some());
    store.answer(Ok(Taken::Admitted(Vec::new())));
    let response = send(&layer, 200).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("ratelimit"));
}

#[tokio::test]
async fn what_does_not_count_is_given_back_to_the_store() {
    let (layer, store) = layer(|limit| limit.quota(quota("10 per minute")).count(Count::Failures));
    for status in [401, 200] {
        store.answer(Ok(Taken::Admitted(vec![standing(4)])));
        send(&layer, status).await;
    }
    let asked = store.asked.lock().unwrap().clone();
    let given_back = store.given_back.lock().unwrap().clone();
    assert_eq!(
        given_back.iter().map(|refund| refund.charge).collect::<Vec<_>>(),
        asked[1]
    );
    assert!(given_back[0].left <= standing(4).whole_in, "{given_back:?}");

    // To forget is to give back all there can be.
    assert!(layer.forget(&from("192.0.2.1:1")));
    let given_back = store.given_back.lock().unwrap();
    let all = Charge {
        weight: 10,
        ..asked[0][0]
    };
    assert_eq!(given_back[1], Refund::whole(all));
}

#[test]
fn what_is_wrong_with_a_store_is_a_fault_among_the_others() {
    let error = RateLimitLayer::builder()
        .quota(quota("1/s"))
        .max_keys(0)
        .store(Box::new(|_| Err(vec!["no".to_owned(), "nor that".to_owned()])))
        .build()
        .unwrap_err();
    assert_eq!(error.faults().len(), 3, "{error}");
}
