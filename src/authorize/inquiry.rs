use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use super::config::Config;
use super::policy::Decision;
use super::question::{Answer, Answers, Asking, Question};
use super::refusal::refusal;
use crate::identity::Identity;
use crate::problem::{Chain, Error, Problem};
use crate::request_id::RequestId;
use crate::trail::{Failure, Trail};

pin_project! {
    /// Asks what the policy depends on, while service and request wait.
    pub(super) struct Inquiry<S, R> {
        config: Arc<Config>,
        answers: Answers,
        question: Arc<Question>,
        asking: Asking,
        // Set when there is something to wait for.
        #[pin]
        deadline: Option<Sleep>,
        waiting: Option<(S, Request<R>)>,
    }
}

impl<S, R> Inquiry<S, R> {
    pub(super) fn new(config: Arc<Config>, question: Arc<Question>, service: S, request: Request<R>) -> Self {
        Self {
            config,
            answers: Answers::default(),
            asking: ask(&question, &request),
            question,
            deadline: None,
            waiting: Some((service, request)),
        }
    }
}

impl<S, R> Future for Inquiry<S, R> {
    type Output = Result<(S, Request<R>), Problem>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        while let Some((_, request)) = this.waiting {
            let Poll::Ready(answer) = this.asking.as_mut().poll(cx) else {
                if this.deadline.is_none() {
                    this.deadline.set(Some(sleep(this.config.deadline)));
                }
                if let Some(deadline) = this.deadline.as_mut().as_pin_mut() {
                    ready!(deadline.poll(cx));
                }
                let problem = failed(this.config, this.question, request, None);
                return Poll::Ready(Err(problem.for_request(request.extensions())));
            };
            let answer = match answer {
                Ok(true) => Answer::Yes,
                Ok(false) => Answer::No,
                Err(error) => Answer::Failed(failed(this.config, this.question, request, Some(&error))),
            };
            this.answers.give(Arc::clone(this.question), answer);
            let decision = this.config.decide(request, this.answers);
            if let Decision::Ask(next) = decision {
                *this.asking = ask(&next, request);
                *this.question = next;
                continue;
            }
            if let Some(problem) = refusal(this.config, decision, this.answers) {
                return Poll::Ready(Err(problem.for_request(request.extensions())));
            }
            if let Some(allowed) = this.waiting.take() {
                return Poll::Ready(Ok(allowed));
            }
        }
        // Polled after completion, which the contract of `Future` leaves open.
        Poll::Pending
    }
}

/// The closure may keep what it is given, and look at it while the request waits.
fn ask<R>(question: &Question, request: &Request<R>) -> Asking {
    let identity = request.extensions().get().cloned();
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.method = request.method().clone();
    parts.uri = request.uri().clone();
    parts.version = request.version();
    parts.headers = request.headers().clone();
    parts.extensions = request.extensions().clone();
    question.ask(identity.unwrap_or(Identity::anonymous()), parts)
}

/// Tells the log, and says what to tell the client. Without an error it was the time that ran out.
fn failed<R>(config: &Config, question: &Question, request: &Request<R>, error: Option<&Error>) -> Problem {
    if let Some(problem) = error.and_then(|error| Problem::behind(error.cause())) {
        return problem.clone();
    }
    let extensions = request.extensions();
    if let Some(trail) = extensions.get::<Trail>() {
        trail.note_failure(match error {
            Some(_) => Failure::Error,
            None => Failure::TimedOut,
        });
    }
    tracing::error!(
        target: "portcullis::authorize",
        request_id = extensions.get::<RequestId>().map(RequestId::as_str),
        policy = %config.policy,
        rule = &*question.name,
        cause = error.map(|error| tracing::field::display(Chain(error.cause()))),
        deadline_ms = error.is_none().then_some(config.deadline.as_millis()),
        "an async rule was not answered",
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE)
}
