use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response, StatusCode};
use tokio::time::{Sleep, sleep};

use super::limiter::Limiter;
use super::receipt::Receipt;
use super::store::{Charge, Taking};
use super::verdict::Verdict;
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, Room};
use crate::request_view::RequestView;

/// What a request waits for.
pub(crate) struct Wait(Pause);

enum Pause {
    /// What a store elsewhere says of these.
    Store(Box<[Charge]>, Taking),
    /// Its turn, beyond its quota.
    Delay(Pin<Box<Sleep>>),
}

impl Room for Limiter {
    type Kept = Option<Receipt>;
    type Wait = Wait;
}

impl Checkpoint for Limiter {
    fn enter<Q, A: RejectBody>(&self, request: &mut Request<Q>, kept: &mut Self::Kept, _: &Moment) -> Entry<Wait, A> {
        self.heed(self.judge(RequestView::of(request)), request, kept)
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Wait,
        request: &mut Request<Q>,
        kept: &mut Self::Kept,
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Wait, A>> {
        match &mut wait.0 {
            Pause::Store(charges, taking) => {
                let answer = ready!(taking.as_mut().poll(cx));
                let verdict = self.answered(charges, answer, request.extensions());
                Poll::Ready(self.heed(verdict, request, kept))
            }
            Pause::Delay(sleep) => sleep.as_mut().poll(cx).map(|()| Entry::Pass),
        }
    }

    fn leave<A>(&self, kept: &mut Self::Kept, response: &mut Response<A>) {
        if let Some(receipt) = kept.take() {
            let status = response.status();
            receipt.close(self, status, Some(response.headers_mut()));
        }
    }

    fn fail(&self, kept: &mut Self::Kept) {
        if let Some(receipt) = kept.take() {
            receipt.close(self, StatusCode::INTERNAL_SERVER_ERROR, None);
        }
    }
}

impl Limiter {
    fn heed<Q, A: RejectBody>(
        &self,
        verdict: Verdict,
        request: &mut Request<Q>,
        kept: &mut Option<Receipt>,
    ) -> Entry<Wait, A> {
        match verdict {
            Verdict::Admit {
                delay,
                allowance,
                receipt,
            } => {
                if let Some(allowance) = allowance {
                    request.extensions_mut().insert(allowance);
                }
                *kept = receipt;
                if delay.is_zero() {
                    Entry::Pass
                } else {
                    Entry::Wait(Wait(Pause::Delay(Box::pin(sleep(delay)))))
                }
            }
            Verdict::Refuse(refusal) => Entry::Refuse(refusal.into_response(self)),
            Verdict::Ask(charges, taking) => Entry::Wait(Wait(Pause::Store(charges, taking))),
        }
    }
}
