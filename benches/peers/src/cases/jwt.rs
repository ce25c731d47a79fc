use std::sync::Arc;

use axum::extract::State;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum_jwt_auth::{Decoder, LocalDecoder};
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use portcullis::jwt::{JwtLayer, JwtLayerBuilder, Key, TokenCache};
use tower::Layer;
use tower_oauth2_resource_server::server::OAuth2ResourceServer;
use tower_oauth2_resource_server::tenant::TenantConfiguration;
use tower_oauth2_resource_server::validation::ClaimsValidationSpec;

use super::{Cases, HALF, PROBLEM, Scale, told};
use crate::bare::Bare;
use crate::case::{Agreement, Case};
use crate::harness::{Model, Request, Subject};
use crate::model::{AUDIENCE, Claims, ISSUER, KEY_ID, Roles, SECRET, garbage, signed, tampered};

pub(super) fn ours() -> JwtLayerBuilder {
    let key = Key::hmac(portcullis::jwt::Algorithm::HS256, SECRET).id(KEY_ID);
    JwtLayer::builder().key(key).issuer(ISSUER).audience(AUDIENCE)
}

pub(super) fn cache() -> TokenCache {
    TokenCache::new(1000, 16 << 20)
}

fn layered(builder: JwtLayerBuilder, name: &'static str, model: &Model) -> Result<Subject, String> {
    let layer = builder.build().map_err(told)?;
    Ok(Subject::new(name, layer.layer(Bare::OK), model))
}

/// As it is in service, where good tokens come too: their header is known, and is that of a forged one.
fn in_service(tampered: &Model, signed: &Model) -> Result<Subject, String> {
    let layer = ours().build().map_err(told)?;
    Subject::new("a good token", layer.layer(Bare::OK), signed).answer();
    Ok(Subject::new("portcullis", layer.layer(Bare::OK), tampered))
}

pub(super) type Verifier = Arc<(DecodingKey, Validation)>;

pub(super) fn verifier() -> Verifier {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    Arc::new((DecodingKey::from_secret(&SECRET), validation))
}

/// What an application writes that has jsonwebtoken and no layer for it.
pub(super) async fn verify(State(verifier): State<Verifier>, mut request: Request, next: Next) -> Response {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer "));
    let claims = token.and_then(|token| jsonwebtoken::decode::<Claims>(token, &verifier.0, &verifier.1).ok());
    let Some(data) = claims else {
        return unauthorized();
    };
    request
        .extensions_mut()
        .insert(Roles(Arc::new(data.claims.roles.clone())));
    request.extensions_mut().insert(data.claims);
    next.run(request).await
}

fn unauthorized() -> Response {
    let headers = [
        (WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#),
        (CONTENT_TYPE, PROBLEM),
    ];
    (
        StatusCode::UNAUTHORIZED,
        headers,
        r#"{"title":"Unauthorized","status":401}"#,
    )
        .into_response()
}

fn from_fn(model: &Model) -> Subject {
    let service = from_fn_with_state(verifier(), verify).layer(Bare::OK);
    Subject::new("jsonwebtoken in from_fn", service, model)
}

fn resource_server(model: &Model) -> Result<Subject, String> {
    // The secret of the model in base64url.
    let secret = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    let key = serde_json::json!({ "kty": "oct", "alg": "HS256", "kid": KEY_ID, "k": secret });
    let tenant = TenantConfiguration::static_builder(serde_json::json!({ "keys": [key] }).to_string())
        .claims_validation(ClaimsValidationSpec::recommended(ISSUER, &vec![AUDIENCE.to_owned()]))
        .allowed_algorithms(&[Algorithm::HS256])
        .build()
        .map_err(told)?;
    let build = OAuth2ResourceServer::<Claims>::builder().add_tenant(tenant).build();
    let mut build = std::pin::pin!(build);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(server) = build.as_mut().poll(&mut cx) else {
        return Err("static keys need no waiting".to_owned());
    };
    let service = server.map_err(told)?.into_layer::<axum::body::Body>().layer(Bare::OK);
    Ok(Subject::new("tower-oauth2-resource-server", service, model))
}

/// Its interface is an extractor.
async fn extract(claims: axum_jwt_auth::Claims<Claims>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(claims.claims);
    next.run(request).await
}

#[derive(Clone)]
struct App {
    decoder: Decoder<Claims>,
}

impl axum::extract::FromRef<App> for Decoder<Claims> {
    fn from_ref(app: &App) -> Self {
        app.decoder.clone()
    }
}

fn extractor(model: &Model) -> Result<Subject, String> {
    let mut validation = jsonwebtoken_10::Validation::new(jsonwebtoken_10::Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;
    let decoder = LocalDecoder::builder()
        .keys(vec![jsonwebtoken_10::DecodingKey::from_secret(&SECRET)])
        .validation(validation)
        .build()
        .map_err(told)?;
    let app = App {
        decoder: Arc::new(decoder),
    };
    let service = from_fn_with_state(app, extract).layer(Bare::OK);
    Ok(Subject::new("axum-jwt-auth in from_fn", service, model))
}

pub(super) fn cases(_: Scale) -> Cases {
    // As an application does, whose gate stands before anybody has a token. jsonwebtoken keeps the backend that it is first used
    // with, and of one that it has chosen by itself the layer cannot know that it is its own.
    drop(ours().build().map_err(told)?);
    let [signed, tampered, garbage] = [signed()?, tampered()?, garbage()?];
    let verified = Agreement {
        status: &[200],
        equal: &["content-type"],
        ..Agreement::default()
    };
    let refused = Agreement {
        status: &[401],
        ..Agreement::default()
    };
    let admits = |path, ours: Subject| {
        let case = Case::new("jwt", path, &signed, ours).agreement(verified);
        let case = case.rival(HALF, from_fn(&signed));
        Ok::<_, String>(
            case.rival(HALF, resource_server(&signed)?)
                .rival(HALF, extractor(&signed)?),
        )
    };
    Ok(vec![
        admits("HS256", layered(ours(), "portcullis", &signed)?)?,
        admits(
            "HS256, from the cache",
            layered(ours().cache(cache()), "portcullis", &signed)?,
        )?,
        Case::new("jwt", "refuses a signature", &tampered, in_service(&tampered, &signed)?)
            .agreement(refused)
            .rival(HALF, from_fn(&tampered))
            .rival(HALF, resource_server(&tampered)?)
            .rival(HALF, extractor(&tampered)?)
            .admission(layered(ours(), "its own admission", &signed)?),
        // axum-jwt-auth answers 500 to it.
        Case::new(
            "jwt",
            "refuses garbage",
            &garbage,
            layered(ours(), "portcullis", &garbage)?,
        )
        .agreement(refused)
        .rival(HALF, from_fn(&garbage))
        .rival(HALF, resource_server(&garbage)?)
        .admission(layered(ours(), "its own admission", &signed)?),
    ])
}
