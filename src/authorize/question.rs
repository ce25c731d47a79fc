//! What only an async closure can answer, and what it has answered so far.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;

use crate::identity::Identity;
use crate::problem::{Problem, Result};

pub(super) type Asking = Pin<Box<dyn Future<Output = Result<bool>> + Send>>;

/// An async closure with a name.
pub(super) struct Question {
    pub(super) name: Arc<str>,
    ask: Box<dyn Fn(Identity, Parts) -> Asking + Send + Sync>,
}

impl Question {
    pub(super) fn new<F, A>(name: Arc<str>, ask: F) -> Self
    where
        F: Fn(Identity, Parts) -> A + Send + Sync + 'static,
        A: Future<Output = Result<bool>> + Send + 'static,
    {
        Self {
            name,
            ask: Box::new(move |identity, parts| Box::pin(ask(identity, parts))),
        }
    }

    pub(super) fn ask(&self, identity: Identity, parts: Parts) -> Asking {
        (self.ask)(identity, parts)
    }
}

/// Two are the same where one is a clone of the other's policy.
impl PartialEq for Question {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Question {}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Question").field(&self.name).finish()
    }
}

#[derive(Debug)]
pub(super) enum Answer {
    Yes,
    No,
    /// It could not be answered, and this is what the client is told of it.
    Failed(Problem),
}

/// Each question is asked once for a request, however often it stands in the policy.
#[derive(Debug, Default)]
pub(super) struct Answers {
    given: Vec<(Arc<Question>, Answer)>,
}

impl Answers {
    pub(super) fn give(&mut self, question: Arc<Question>, answer: Answer) {
        self.given.push((question, answer));
    }

    /// The answer and its place.
    pub(super) fn to(&self, question: &Question) -> Option<(usize, &Answer)> {
        let given = self.given.iter().enumerate();
        given
            .filter(|(_, (asked, _))| **asked == *question)
            .map(|(place, (_, answer))| (place, answer))
            .next()
    }

    /// What a failed answer tells the client.
    pub(super) fn failure(&self, place: usize) -> Option<&Problem> {
        match self.given.get(place)? {
            (_, Answer::Failed(problem)) => Some(problem),
            _ => None,
        }
    }
}
