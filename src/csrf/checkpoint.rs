use std::convert::Infallible;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use http::{Request, StatusCode};

use super::policy::{Policy, Refusal};
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, Room};
use crate::problem::Problem;
use crate::request_id::RequestId;
use crate::request_view::RequestView;

/// Made and rendered once: a refusal under attack should cost no more than leave does.
static FOREIGN: LazyLock<Problem> =
    LazyLock::new(|| Problem::new(StatusCode::FORBIDDEN).with_detail("this request came from another site"));

impl Room for Policy {
    type Kept = ();
    type Wait = Infallible;
}

impl Checkpoint for Policy {
    fn enter<Q, A: RejectBody>(&self, request: &mut Request<Q>, (): &mut (), _: &Moment) -> Entry<Infallible, A> {
        let Some(refusal) = refusal(self, request) else {
            return Entry::Pass;
        };
        let mut response = FOREIGN.clone().for_request(request.extensions()).into_response();
        response.extensions_mut().insert(refusal);
        Entry::Refuse(response)
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Infallible,
        _: &mut Request<Q>,
        (): &mut (),
        _: &mut Context<'_>,
    ) -> Poll<Entry<Infallible, A>> {
        match *wait {}
    }
}

/// The refusal of a request; in report-only mode it is only reported.
fn refusal<B>(policy: &Policy, request: &Request<B>) -> Option<Refusal> {
    let refusal = policy.check(RequestView::of(request)).err()?;
    if !policy.report_only {
        return Some(refusal);
    }
    tracing::warn!(
        target: "portcullis::csrf",
        method = %request.method(),
        path = request.uri().path(),
        request_id = request.extensions().get::<RequestId>().map(RequestId::as_str),
        reason = ?refusal,
        "would be refused",
    );
    None
}
