//! What actix-web has no middleware for, and its users write.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use actix_web::middleware::{ErrorHandlerResponse, Next};
use actix_web::{Error, HttpMessage, HttpResponse, web};
use e2e_contract::{Claims, ROLE};
use jsonwebtoken::{DecodingKey, Validation};
use uuid::Uuid;

const PROBLEM: &str = "application/problem+json";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) struct Verifier {
    pub(crate) key: DecodingKey,
    pub(crate) validation: Validation,
}

type Gated<B> = Result<ServiceResponse<EitherBody<B>>, Error>;

pub(crate) async fn request_id<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = Uuid::new_v4().to_string();
    let id = HeaderValue::try_from(id)?;
    let mut response = next.call(request).await?;
    response.headers_mut().insert(REQUEST_ID, id);
    Ok(response)
}

pub(crate) async fn verify<B: MessageBody>(
    verifier: web::Data<Verifier>,
    request: ServiceRequest,
    next: Next<B>,
) -> Gated<B> {
    let header = request.headers().get(AUTHORIZATION);
    let token = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let claims =
        token.and_then(|token| jsonwebtoken::decode::<Claims>(token, &verifier.key, &verifier.validation).ok());
    let Some(data) = claims else {
        let response = HttpResponse::Unauthorized()
            .insert_header((WWW_AUTHENTICATE, "Bearer"))
            .content_type(PROBLEM)
            .body(r#"{"title":"Unauthorized","status":401}"#);
        return Ok(request.into_response(response).map_into_right_body());
    };
    request.extensions_mut().insert(data.claims);
    Ok(next.call(request).await?.map_into_left_body())
}

pub(crate) async fn editors_only<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Gated<B> {
    let is_editor = |claims: &Claims| claims.roles.iter().any(|role| role == ROLE);
    let allowed = request.extensions().get::<Claims>().is_some_and(is_editor);
    if allowed {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let response = HttpResponse::Forbidden()
        .content_type(PROBLEM)
        .body(r#"{"title":"Forbidden","status":403}"#);
    Ok(request.into_response(response).map_into_right_body())
}

/// The cause stays here.
// The signature that `ErrorHandlers` asks for.
#[expect(clippy::unnecessary_wraps)]
pub(crate) fn failed<B>(response: ServiceResponse<B>) -> actix_web::Result<ErrorHandlerResponse<B>> {
    let (request, _) = response.into_parts();
    let response = HttpResponse::InternalServerError()
        .content_type(PROBLEM)
        .body(r#"{"title":"Internal Server Error","status":500}"#);
    let response = ServiceResponse::new(request, response).map_into_right_body();
    Ok(ErrorHandlerResponse::Response(response))
}

pub(crate) async fn not_found() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type(PROBLEM)
        .body(r#"{"title":"Not Found","status":404}"#)
}
