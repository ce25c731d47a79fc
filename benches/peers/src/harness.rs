//! One call as a server makes it, its time and its allocations over the same call of the bare service.

use std::cell::Cell;
use std::hint::black_box;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Response, request, response};
use tower::Service;

use crate::bare::Bare;
use crate::sink;

pub(crate) type Request = axum::extract::Request;

/// Long enough for the clock, and short enough that few blocks are interrupted where others want the processor too.
const BLOCK: Duration = Duration::from_micros(100);
/// A mean of so many: what is allocated at each call alike comes out whole.
const COUNTED: u32 = 64;

/// The request that is sent again and again, from one address or from many in turn.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) parts: request::Parts,
    pub(crate) addresses: u32,
}

impl Model {
    fn request(&self, number: u32) -> Request {
        // Neighbours in time are none in a table.
        let [_, b, c, d] = (number.wrapping_mul(7919) % self.addresses).to_be_bytes();
        let peer = SocketAddr::from(([10, b, c, d], 4711));
        let mut request = Request::from_parts(self.parts.clone(), Body::empty());
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    }
}

/// What a client sees first, and how many lines the log had for it.
pub(crate) struct Answer {
    pub(crate) head: response::Parts,
    pub(crate) lines: usize,
}

/// A service under measurement. Its type is erased once for a block of calls, not for each.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    answer: Box<dyn Fn() -> Answer>,
    layered: Box<dyn Fn(u32)>,
    bare: Box<dyn Fn(u32)>,
}

impl Subject {
    pub(crate) fn new<S, B>(name: &'static str, service: S, model: &Model) -> Self
    where
        S: Service<Request, Response = Response<B>> + Clone + 'static,
        B: http_body::Body + 'static,
    {
        Self::over(Bare::OK, name, service, model)
    }

    /// Over another bare service.
    pub(crate) fn over<S, B>(bare: Bare, name: &'static str, service: S, model: &Model) -> Self
    where
        S: Service<Request, Response = Response<B>> + Clone + 'static,
        B: http_body::Body + 'static,
    {
        let service = Rc::new(service);
        let next = Rc::new(Cell::new(0_u32));
        let number = {
            let next = Rc::clone(&next);
            move || next.replace(next.get().wrapping_add(1))
        };
        let [once, many, plain] = [model.clone(), model.clone(), model.clone()];
        Self {
            name,
            answer: Box::new({
                let (service, number) = (Rc::clone(&service), number.clone());
                move || {
                    let before = sink::lines();
                    let head = call(&*service, once.request(number()));
                    Answer {
                        head,
                        lines: sink::lines() - before,
                    }
                }
            }),
            layered: Box::new({
                let number = number.clone();
                move |calls| (0..calls).for_each(|_| drop(black_box(call(&*service, many.request(number())))))
            }),
            bare: Box::new(move |calls| {
                (0..calls).for_each(|_| drop(black_box(call(&bare, plain.request(number())))));
            }),
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        (self.answer)()
    }

    /// Calls of the layered service that nobody measures: one from each address, or to warm up.
    pub(crate) fn warm_up(&self, calls: u32) {
        (self.layered)(calls);
    }

    /// How many calls fill a block.
    pub(crate) fn calibrate(&self) -> u32 {
        let mut calls = 8;
        loop {
            let begun = Instant::now();
            (self.layered)(calls);
            if begun.elapsed() >= BLOCK || calls > 1 << 16 {
                return calls;
            }
            calls *= 2;
        }
    }

    /// Nanoseconds that the layers add to a call.
    pub(crate) fn added(&self, calls: u32) -> f64 {
        let nanoseconds = |work: &dyn Fn(u32)| {
            let begun = Instant::now();
            work(calls);
            begun.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
        };
        let bare = nanoseconds(&self.bare);
        nanoseconds(&self.layered) - bare
    }

    /// Allocations that the layers add to a call.
    pub(crate) fn allocations(&self) -> f64 {
        let counted = |work: &dyn Fn(u32)| allocation_counter::measure(|| work(COUNTED)).count_total;
        // Counts are small.
        #[allow(clippy::cast_precision_loss)]
        let mean = |work: &dyn Fn(u32)| counted(work) as f64 / f64::from(COUNTED);
        mean(&self.layered) - mean(&self.bare)
    }
}

/// One call, with the clone of the service that axum makes for each request, and the body read to its end.
fn call<S, B>(service: &S, request: Request) -> response::Parts
where
    S: Service<Request, Response = Response<B>> + Clone,
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
    let (head, body) = response.into_parts();
    let mut body = pin!(body);
    while let Poll::Ready(Some(_)) = body.as_mut().poll_frame(&mut cx) {}
    head
}
