use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Extensions, Request, Response, StatusCode};
use tokio::time::{Timeout, timeout};

use super::check::{Check, StoreFailure};
use super::error::{OVER, StoreError, UNAVAILABLE};
use super::policy::{Question, Refusal, Standing};
use super::sessions::Sessions;
use super::store::StoreFuture;
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, Room};
use crate::identity::Identity;
use crate::problem::Problem;
use crate::request_id::RequestId;

/// For what a store says.
pub(crate) struct Wait {
    question: Question,
    answer: Pin<Box<Timeout<StoreFuture<Standing>>>>,
}

impl Room for Sessions {
    type Kept = ();
    type Wait = Wait;
}

impl Checkpoint for Sessions {
    fn enter<Q, A: RejectBody>(&self, request: &mut Request<Q>, (): &mut (), _: &Moment) -> Entry<Wait, A> {
        let Some(identity) = request.extensions().get::<Identity>() else {
            self.report_misplacement();
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR).for_request(request.extensions());
            return Entry::Refuse(problem.into_response());
        };
        match self.check(identity) {
            Check::Pass => Entry::Pass,
            Check::Refuse(why) => Entry::Refuse(refusal(why, request.extensions())),
            Check::Ask(question, answer) => Entry::Wait(Wait {
                question,
                answer: Box::pin(timeout(self.check_deadline(), answer)),
            }),
        }
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Wait,
        request: &mut Request<Q>,
        (): &mut (),
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Wait, A>> {
        let answer = ready!(wait.answer.as_mut().poll(cx)).unwrap_or(Err(StoreError::TimedOut));
        Poll::Ready(match (self.heard(answer), self.on_failure()) {
            (Ok(standing), _) => match standing.judge(&wait.question) {
                Ok(()) => Entry::Pass,
                Err(why) => Entry::Refuse(refusal(why, request.extensions())),
            },
            (Err(_), StoreFailure::Admit) => Entry::Pass,
            (Err(_), StoreFailure::Refuse) => {
                let problem = UNAVAILABLE.clone().for_request(request.extensions());
                Entry::Refuse(problem.into_response())
            }
        })
    }
}

/// The client learns the same of each; the log and outer layers learn which it was.
fn refusal<A: RejectBody>(why: Refusal, request: &Extensions) -> Response<A> {
    tracing::debug!(
        target: "portcullis::session",
        request_id = request.get::<RequestId>().map(RequestId::as_str),
        reason = %why,
        "refused",
    );
    let mut response = OVER.clone().for_request(request).into_response();
    response.extensions_mut().insert(why);
    response
}
