use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Request;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use super::limiter::Limiter;
use super::receipt::Receipt;
use super::store::{Charge, Taking};
use super::verdict::{Refusal, Verdict};

pin_project! {
    /// Waits for a store elsewhere, or as long as a request beyond its quota has to, while service and request wait.
    pub(super) struct Inquiry<S, R> {
        limiter: Arc<Limiter>,
        asking: Option<(Box<[Charge]>, Taking)>,
        #[pin]
        delay: Option<Sleep>,
        receipt: Option<Receipt>,
        waiting: Option<(S, Request<R>)>,
    }
}

/// What may go on: the service that was ready for it, the request, and what it has taken.
pub(super) type Admitted<S, R> = (S, Request<R>, Option<Receipt>);

impl<S, R> Inquiry<S, R> {
    pub(super) fn store(
        limiter: Arc<Limiter>,
        charges: Box<[Charge]>,
        taking: Taking,
        service: S,
        request: Request<R>,
    ) -> Self {
        Self {
            limiter,
            asking: Some((charges, taking)),
            delay: None,
            receipt: None,
            waiting: Some((service, request)),
        }
    }

    pub(super) fn delay(
        limiter: Arc<Limiter>,
        delay: Duration,
        receipt: Option<Receipt>,
        service: S,
        request: Request<R>,
    ) -> Self {
        Self {
            limiter,
            asking: None,
            delay: Some(sleep(delay)),
            receipt,
            waiting: Some((service, request)),
        }
    }

    pub(super) fn limiter(&self) -> &Limiter {
        &self.limiter
    }
}

impl<S, R> Future for Inquiry<S, R> {
    type Output = Result<Admitted<S, R>, Refusal>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let (Some((charges, taking)), Some((_, request))) = (this.asking.as_mut(), this.waiting.as_mut()) {
            let answer = ready!(taking.as_mut().poll(cx));
            let verdict = this.limiter.answered(charges, answer, request.extensions());
            *this.asking = None;
            match verdict {
                Verdict::Admit {
                    delay,
                    allowance,
                    receipt,
                } => {
                    if let Some(allowance) = allowance {
                        request.extensions_mut().insert(allowance);
                    }
                    *this.receipt = receipt;
                    if !delay.is_zero() {
                        this.delay.set(Some(sleep(delay)));
                    }
                }
                Verdict::Refuse(refusal) => return Poll::Ready(Err(refusal)),
                // A store is asked once.
                Verdict::Ask(..) => return Poll::Pending,
            }
        }
        if let Some(delay) = this.delay.as_mut().as_pin_mut() {
            ready!(delay.poll(cx));
        }
        match this.waiting.take() {
            Some((service, request)) => Poll::Ready(Ok((service, request, this.receipt.take()))),
            // Polled after completion, which the contract of `Future` leaves open.
            None => Poll::Pending,
        }
    }
}
