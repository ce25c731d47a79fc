use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Request;
use tokio::time::{Sleep, sleep};

use super::config::Config;
use super::policy::Decision;
use super::question::{Answer, Answers, Asking, Question};
use super::refusal::{failed, refusal};
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, Room};
use crate::identity::Identity;

/// For what the policy depends on.
pub(crate) struct Inquiry {
    answers: Answers,
    question: Arc<Question>,
    asking: Asking,
    /// Set when there is something to wait for.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Room for Config {
    type Kept = ();
    type Wait = Inquiry;
}

impl Checkpoint for Config {
    fn enter<Q, A: RejectBody>(&self, request: &mut Request<Q>, (): &mut (), _: &Moment) -> Entry<Inquiry, A> {
        let answers = Answers::default();
        let decision = self.decide(request, &answers);
        if let Decision::Ask(question) = decision {
            return Entry::Wait(Inquiry {
                answers,
                asking: ask(&question, request),
                question,
                deadline: None,
            });
        }
        self.settle(decision, &answers, request)
    }

    fn resume<Q, A: RejectBody>(
        &self,
        inquiry: &mut Inquiry,
        request: &mut Request<Q>,
        (): &mut (),
        cx: &mut Context<'_>,
    ) -> Poll<Entry<Inquiry, A>> {
        loop {
            let question = &inquiry.question;
            let Poll::Ready(answer) = inquiry.asking.as_mut().poll(cx) else {
                let deadline = inquiry.deadline.get_or_insert_with(|| Box::pin(sleep(self.deadline)));
                ready!(deadline.as_mut().poll(cx));
                let problem = failed(self, question, request, None);
                let problem = problem.for_request(request.extensions());
                return Poll::Ready(Entry::Refuse(problem.into_response()));
            };
            let answer = match answer {
                Ok(true) => Answer::Yes,
                Ok(false) => Answer::No,
                Err(error) => Answer::Failed(failed(self, question, request, Some(&error))),
            };
            inquiry.answers.give(Arc::clone(question), answer);
            let decision = self.decide(request, &inquiry.answers);
            if let Decision::Ask(next) = decision {
                inquiry.asking = ask(&next, request);
                inquiry.question = next;
                continue;
            }
            return Poll::Ready(self.settle(decision, &inquiry.answers, request));
        }
    }
}

impl Config {
    fn settle<Q, A: RejectBody>(
        &self,
        decision: Decision,
        answers: &Answers,
        request: &Request<Q>,
    ) -> Entry<Inquiry, A> {
        match refusal(self, decision, answers) {
            None => Entry::Pass,
            Some(problem) => Entry::Refuse(problem.for_request(request.extensions()).into_response()),
        }
    }
}

/// The closure may keep what it is given, and look at it while the request waits.
fn ask<Q>(question: &Question, request: &Request<Q>) -> Asking {
    let identity = request.extensions().get().cloned();
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = request.method().clone();
    parts.uri = request.uri().clone();
    parts.version = request.version();
    parts.headers = request.headers().clone();
    parts.extensions = request.extensions().clone();
    question.ask(identity.unwrap_or(Identity::anonymous()), parts)
}
