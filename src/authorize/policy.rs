//! The pure decision: may this identity make this request?

use std::fmt;
use std::future::Future;
use std::ops::{BitAnd, BitOr, Not};
use std::sync::Arc;

use http::request::Parts;

use super::question::{Answers, Question};
use super::rule::{Fault, Rule, Seen, Truth};
use crate::identity::Identity;
use crate::problem::Result;
use crate::request_view::RequestView;

/// What a caller must be or have. See the [module page](crate::authorize).
#[derive(Clone)]
#[must_use = "a policy does nothing until a layer applies it"]
pub struct Policy {
    rule: Rule,
}

/// The outcome for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Allow,
    /// Credentials might help.
    Unauthenticated,
    Forbidden,
    /// All that is missing is this scope.
    InsufficientScope(Arc<str>),
    /// This question decides.
    Ask(Arc<Question>),
    /// The answer at this place, on which it depends, is a failure.
    Unanswered(usize),
    /// The rule of this name looks at claims that no layer has left.
    NoClaims(Arc<str>),
    /// No layer has said who is calling.
    NoIdentity,
}

impl Policy {
    /// Everyone, also the anonymous.
    pub fn anyone() -> Self {
        Rule::Anyone.into()
    }

    /// Nobody.
    pub fn nobody() -> Self {
        Rule::Nobody.into()
    }

    /// Every caller whose identity is verified.
    pub fn authenticated() -> Self {
        Rule::Known.into()
    }

    /// Callers with this role.
    pub fn role(name: impl Into<Arc<str>>) -> Self {
        Rule::Role(name.into()).into()
    }

    /// Callers with this permission.
    pub fn permission(name: impl Into<Arc<str>>) -> Self {
        Rule::Permission(name.into()).into()
    }

    /// Callers whose token was granted this scope.
    pub fn scope(name: impl Into<Arc<str>>) -> Self {
        Rule::Scope(name.into()).into()
    }

    /// Known callers for whom the closure answers true; `name` stands for it where the policy is printed.
    pub fn check<F>(name: impl Into<Arc<str>>, allows: F) -> Self
    where
        F: Fn(&Identity, RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        Rule::Check(name.into(), Arc::new(allows)).into()
    }

    /// Known callers whose claims of type `C` the closure approves of; `name` stands for it where the policy is printed.
    ///
    /// They are what the layer that verifies callers has found ([`Identity::claims`]): [`Claims`](crate::jwt::Claims) after `jwt`, or
    /// your own type of claims where it takes one. Where there are none, this neither allows nor denies, also
    /// under [`negate`](Self::negate): unless the rest of the policy decides, the answer is a `500`, and the log names the rule.
    ///
    /// ```
    /// use portcullis::authorize::Policy;
    /// use portcullis::jwt::Claims;
    ///
    /// let pro = Policy::claim("pro", |claims: &Claims| claims.rest.get("plan").is_some_and(|plan| plan == "pro"));
    /// assert_eq!((!pro).to_string(), "not claim pro");
    /// ```
    pub fn claim<C, F>(name: impl Into<Arc<str>>, approves: F) -> Self
    where
        C: Send + Sync + 'static,
        F: Fn(&C) -> bool + Send + Sync + 'static,
    {
        Rule::Claim(name.into(), Arc::new(move |identity| identity.claims().map(&approves))).into()
    }

    /// Known callers for whom the async closure answers `Ok(true)`, such as the owner that a database knows; `name` stands for it
    /// where the policy is printed.
    ///
    /// It is asked only where roles, closures and all else that needs no asking leave the answer open, wherever they stand in the
    /// policy; several are asked from left to right, and one that stands there twice, as a clone, once. It gets a copy of the
    /// request without the body. On axum the parameters of the route are among the extensions: with `RequestPartsExt`,
    /// `parts.extract::<Path<u64>>()`.
    ///
    /// An error never allows, nor does its negation; another branch of an [`or`](Self::or) may still allow by itself. An error that
    /// is a [`Problem`](crate::Problem), or has one among its sources, is answered as that problem, such as the `404` of a post that is
    /// not there. Every other is a `503`, and an `error` record with target `portcullis::authorize` names the rule, the cause and the
    /// request's id. All of a request's questions share one [deadline](super::AuthorizeLayer::deadline).
    ///
    /// ```
    /// use portcullis::authorize::Policy;
    /// # #[derive(Clone)] struct Database;
    /// # impl Database { async fn owner_of(&self, _: &str) -> std::io::Result<String> { Ok("7".into()) } }
    /// # let database = Database;
    ///
    /// let owner = Policy::ask("owner", move |identity, parts| {
    ///     let database = database.clone();
    ///     async move {
    ///         let owner = database.owner_of(parts.uri.path()).await?;
    ///         Ok(identity.subject() == Some(owner.as_str()))
    ///     }
    /// });
    /// assert_eq!((Policy::role("admin") | owner).to_string(), "role admin or ask owner");
    /// ```
    pub fn ask<F, A>(name: impl Into<Arc<str>>, asks: F) -> Self
    where
        F: Fn(Identity, Parts) -> A + Send + Sync + 'static,
        A: Future<Output = Result<bool>> + Send + 'static,
    {
        Rule::Ask(Arc::new(Question::new(name.into(), asks))).into()
    }

    /// Everyone, also the anonymous, where the closure answers true for the request: for services without routes to put a layer
    /// on. Compare whole paths, as the service does. `name` stands for it where the policy is printed.
    pub fn request<F>(name: impl Into<Arc<str>>, admits: F) -> Self
    where
        F: Fn(RequestView<'_>) -> bool + Send + Sync + 'static,
    {
        Rule::Request(name.into(), Arc::new(admits)).into()
    }

    /// Callers whom all of these allow; with none of them, nobody.
    pub fn all_of<I: IntoIterator<Item = Policy>>(policies: I) -> Self {
        let rules: Vec<_> = policies.into_iter().map(|policy| policy.rule).collect();
        // An empty list is more likely a mistake than an open gate.
        if rules.is_empty() {
            Rule::Nobody
        } else {
            Rule::All(rules)
        }
        .into()
    }

    /// Callers whom any of these allows; with none of them, nobody.
    pub fn any_of<I: IntoIterator<Item = Policy>>(policies: I) -> Self {
        Rule::Any(policies.into_iter().map(|policy| policy.rule).collect()).into()
    }

    /// Callers whom both allow.
    pub fn and(self, other: Policy) -> Self {
        match (self.rule, other.rule) {
            (Rule::All(mut rules), rule) => {
                rules.push(rule);
                Rule::All(rules)
            }
            (own, rule) => Rule::All(vec![own, rule]),
        }
        .into()
    }

    /// Callers whom either allows.
    pub fn or(self, other: Policy) -> Self {
        match (self.rule, other.rule) {
            (Rule::Any(mut rules), rule) => {
                rules.push(rule);
                Rule::Any(rules)
            }
            (own, rule) => Rule::Any(vec![own, rule]),
        }
        .into()
    }

    /// Known callers whom this does not allow.
    pub fn negate(self) -> Self {
        Rule::Not(Box::new(self.rule)).into()
    }

    /// Those that may turn out to be all that is missing.
    pub(super) fn scopes(&self) -> Vec<Arc<str>> {
        let mut scopes = Vec::new();
        self.rule.collect_scopes(&mut scopes);
        scopes
    }

    pub(super) fn needs_identity(&self) -> bool {
        !matches!(self.rule, Rule::Anyone)
    }

    pub(super) fn decide(&self, identity: &Identity, request: RequestView<'_>, answers: &Answers) -> Decision {
        let seen = Seen {
            identity,
            request,
            answers,
        };
        match self.rule.weigh(seen) {
            Truth::Yes => Decision::Allow,
            Truth::Open(question) => Decision::Ask(Arc::clone(question)),
            Truth::Broken(Fault::Unanswered(place)) => Decision::Unanswered(place),
            Truth::Broken(Fault::NoClaims(rule)) => Decision::NoClaims(Arc::clone(rule)),
            Truth::No if identity.is_anonymous() => Decision::Unauthenticated,
            Truth::No => match self.rule.missing_scope(seen) {
                Some(scope) => Decision::InsufficientScope(scope),
                None => Decision::Forbidden,
            },
        }
    }
}

impl From<Rule> for Policy {
    fn from(rule: Rule) -> Self {
        Self { rule }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule.write(f, false)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Policy({self})")
    }
}

impl BitAnd for Policy {
    type Output = Policy;

    fn bitand(self, other: Policy) -> Policy {
        self.and(other)
    }
}

impl BitOr for Policy {
    type Output = Policy;

    fn bitor(self, other: Policy) -> Policy {
        self.or(other)
    }
}

impl Not for Policy {
    type Output = Policy;

    fn not(self) -> Policy {
        self.negate()
    }
}
