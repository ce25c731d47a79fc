//! The same gate of actix-web's own middleware, of actix-cors and actix-governor, as their documentation has it.

mod gate;

use std::error::Error;
use std::time::Duration;

use actix_cors::Cors;
use actix_governor::{Governor, GovernorConfigBuilder};
use actix_web::http::{Method, header};
use actix_web::middleware::{Compat, Condition, DefaultHeaders, ErrorHandlers, Logger, from_fn};
use actix_web::{App, HttpServer, web};
use e2e_contract::{HOUR, ORIGIN, Post, SECRET, Settings, validation};
use env_logger::Target;
use jsonwebtoken::DecodingKey;

use crate::gate::{Verifier, editors_only, failed, not_found, request_id, verify};

/// Held connections count.
const CONNECTIONS: usize = 20_000;
/// As long as the others keep them.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The twelve of helmet.
const HEADERS: [(&str, &str); 12] = [
    (
        "content-security-policy",
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';\
         img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';\
         style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-xss-protection", "0"),
];

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let log = settings.log_file()?;
    let logs = log.is_some();
    if let Some(file) = log {
        env_logger::Builder::new()
            .filter_level(log::LevelFilter::Info)
            .target(Target::Pipe(Box::new(file)))
            .init();
    }
    let quota = GovernorConfigBuilder::default()
        .period(HOUR / settings.quota)
        .burst_size(settings.quota)
        .use_headers()
        .finish()
        .ok_or("actix-governor takes no such quota")?;
    let verifier = web::Data::new(Verifier {
        key: DecodingKey::from_secret(SECRET),
        validation: validation(),
    });
    let server = HttpServer::new(move || {
        let cors = Cors::default()
            .allowed_origin(ORIGIN)
            .supports_credentials()
            .allowed_methods([Method::GET, Method::PUT])
            .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
            .max_age(3600);
        let headers = HEADERS
            .iter()
            .fold(DefaultHeaders::new(), |headers, pair| headers.add(*pair));
        // The last is the outermost. A scope of its own: actix-governor takes no `from_fn` directly within.
        let posts = web::scope("/posts").wrap(from_fn(editors_only)).wrap(from_fn(verify));
        let posts = posts.route("/{id}", web::get().to(post)).route("", web::get().to(list));
        App::new()
            .app_data(verifier.clone())
            .wrap(Governor::new(&quota))
            .wrap(cors)
            .wrap(headers)
            .wrap(Compat::new(ErrorHandlers::new().default_handler_server(failed)))
            .wrap(Condition::new(logs, Logger::default()))
            .wrap(from_fn(request_id))
            .service(posts)
            .default_service(web::to(not_found))
    });
    server
        .workers(std::thread::available_parallelism()?.get())
        .max_connections(CONNECTIONS)
        .keep_alive(KEEP_ALIVE)
        .bind(("127.0.0.1", settings.port))?
        .run()
        .await?;
    Ok(())
}

async fn post(id: web::Path<u32>) -> web::Json<Post> {
    web::Json(Post::sample(*id))
}

async fn list() -> web::Json<Vec<Post>> {
    web::Json(Post::list())
}
