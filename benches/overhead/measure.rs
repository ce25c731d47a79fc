//! One call as a server makes it, its time and its memory over the same call of the bare service.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service};

pub(crate) type Body = Full<Bytes>;
pub(crate) type Model = Request<Body>;

/// Long enough for the clock, and short enough that few blocks are interrupted where others want the processor too.
const BLOCK: Duration = Duration::from_micros(100);
/// Many short ones: what interrupts a few of them does not reach the median.
const ROUNDS: usize = 401;
/// A mean of so many: what is allocated at each call alike comes out whole.
const COUNTED: u32 = 64;

/// The service that all layers go around.
#[derive(Clone, Copy)]
pub(crate) enum Bare {
    Hello,
    /// As a router answers where there is no route.
    Nothing,
    /// Loses the request.
    Panics,
}

impl Service<Model> for Bare {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Model) -> Self::Future {
        let mut response = Response::new(Full::new(Bytes::from_static(b"hello")));
        match self {
            Self::Hello => {
                let plain = HeaderValue::from_static("text/plain");
                response.headers_mut().insert(CONTENT_TYPE, plain);
            }
            Self::Nothing => {
                *response.status_mut() = StatusCode::NOT_FOUND;
                *response.body_mut() = Full::default();
            }
            // Without the hook, which would print each.
            Self::Panics => std::panic::resume_unwind(Box::new("lost")),
        }
        ready(Ok(response))
    }
}

/// A layer around the bare service, and a request for both.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    /// Whether records are written meanwhile.
    pub(crate) listens: bool,
    status: u16,
    answer: Box<dyn Fn() -> StatusCode>,
    pub(crate) layered: Box<dyn Fn(u32)>,
    pub(crate) bare: Box<dyn Fn(u32)>,
}

/// What a request costs more than without the layer: nanoseconds at the median, the tenth and the ninetieth of a hundred rounds,
/// allocations, and the bytes that they ask for.
pub(crate) struct Added {
    pub(crate) ns: [f64; 3],
    pub(crate) allocations: f64,
    pub(crate) bytes: f64,
}

impl Case {
    /// Around the service that answers.
    pub(crate) fn new<L, B>(name: &'static str, path: &'static str, layer: &L, model: &Model, status: u16) -> Self
    where
        L: Layer<Bare>,
        L::Service: Service<Model, Response = Response<B>> + Clone + 'static,
        B: http_body::Body + 'static,
    {
        Self::around(Bare::Hello, (name, path), layer, model, status)
    }

    pub(crate) fn around<L, B>(
        bare: Bare,
        (name, path): (&'static str, &'static str),
        layer: &L,
        model: &Model,
        status: u16,
    ) -> Self
    where
        L: Layer<Bare>,
        L::Service: Service<Model, Response = Response<B>> + Clone + 'static,
        B: http_body::Body + 'static,
    {
        let service = Rc::new(layer.layer(bare));
        let [once, many, plain] = [model.clone(), model.clone(), model.clone()];
        // One that panics has no time of its own.
        let below = match bare {
            Bare::Panics => Bare::Hello,
            other => other,
        };
        Self {
            name,
            path,
            listens: false,
            status,
            answer: Box::new({
                let service = Rc::clone(&service);
                move || call(&*service, once.clone())
            }),
            layered: Box::new(move |calls| {
                for _ in 0..calls {
                    black_box(call(&*service, many.clone()));
                }
            }),
            bare: Box::new(move |calls| {
                for _ in 0..calls {
                    black_box(call(&below, plain.clone()));
                }
            }),
        }
    }

    pub(crate) fn listens(mut self) -> Self {
        self.listens = true;
        self
    }

    pub(crate) fn title(&self) -> String {
        format!("{}: {}", self.name, self.path)
    }

    /// The layer does what it is measured for. A limit of one request has let that one through.
    pub(crate) fn check(&self) {
        (self.answer)();
        let status = (self.answer)().as_u16();
        assert_eq!(status, self.status, "{}", self.title());
    }

    /// Rounds of bare and layered service alternate, so that both see the same machine.
    pub(crate) fn added(&self) -> Added {
        let mut calls = 8;
        while calls < 1 << 16 && time(&*self.layered, calls) < BLOCK {
            calls *= 2;
        }
        let nanoseconds = |work: &dyn Fn(u32)| time(work, calls).as_secs_f64() * 1e9 / f64::from(calls);
        let mut rounds: Vec<f64> = (0..ROUNDS)
            .map(|_| {
                let bare = nanoseconds(&*self.bare);
                nanoseconds(&*self.layered) - bare
            })
            .collect();
        rounds.sort_by(f64::total_cmp);
        let memory = |work: &dyn Fn(u32)| {
            let counted = allocation_counter::measure(|| work(COUNTED));
            [counted.count_total, counted.bytes_total].map(mean)
        };
        let ([bare, bare_bytes], [layered, layered_bytes]) = (memory(&*self.bare), memory(&*self.layered));
        Added {
            ns: [ROUNDS / 2, ROUNDS / 10, ROUNDS * 9 / 10].map(|place| rounds[place]),
            allocations: layered - bare,
            bytes: layered_bytes - bare_bytes,
        }
    }
}

fn time(work: &dyn Fn(u32), calls: u32) -> Duration {
    let begun = Instant::now();
    work(calls);
    begun.elapsed()
}

// What is counted is small.
#[allow(clippy::cast_precision_loss)]
fn mean(total: u64) -> f64 {
    total as f64 / f64::from(COUNTED)
}

/// One call, with the clone of the service that axum and our server make for each request, and the body read to its end.
fn call<S, B>(service: &S, request: Model) -> StatusCode
where
    S: Service<Model, Response = Response<B>> + Clone,
    B: http_body::Body,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut service = service.clone();
    assert!(
        service.poll_ready(&mut cx).is_ready(),
        "the bare service is always ready"
    );
    let future = pin!(service.call(request));
    let Poll::Ready(Ok(response)) = future.poll(&mut cx) else {
        panic!("no layer here waits or fails");
    };
    let status = response.status();
    let mut body = pin!(response.into_body());
    while let Poll::Ready(Some(_)) = body.as_mut().poll_frame(&mut cx) {}
    status
}
