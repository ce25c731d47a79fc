use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{Response, StatusCode};

use super::context::Context;
use super::fault::guarded;
use crate::body::RejectBody;
use crate::problem::{Cause, Problem, Renderer, complete};

/// Tells the log why the handler failed, and completes its problem.
pub(crate) fn conclude<B: RejectBody>(response: &mut Response<B>, context: &Context, renderer: Option<&Renderer>) {
    if let Some(cause) = response.extensions().get().and_then(Cause::take) {
        context.failed("the handler", cause);
    }
    finish(response, context, renderer);
}

/// Completes a problem; a renderer that panics costs the client its rendering, not the headers that the layers within have set.
fn finish<B: RejectBody>(response: &mut Response<B>, context: &Context, renderer: Option<&Renderer>) {
    if let Err(message) = guarded(|| complete(response, context.id(), renderer)) {
        context.panicked("the renderer", &message);
        let mut plain = Problem::new(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(id) = context.id() {
            plain = plain.with_request_id(id.clone());
        }
        let (own, body) = plain.into_response().into_parts();
        *response.body_mut() = body;
        *response.status_mut() = own.status;
        for outdated in [CONTENT_LENGTH, CONTENT_ENCODING] {
            response.headers_mut().remove(outdated);
        }
        response.headers_mut().extend(own.headers);
        response.extensions_mut().extend(own.extensions);
    }
}
