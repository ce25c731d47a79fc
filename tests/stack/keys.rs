//! Who may sign tokens, and where the gates find the keys: after a while.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use portcullis::jwt::{Algorithm, Issuer, Jwks, JwtLayer, SigningKey};
use tokio::time::sleep;

/// How long a gate is without keys. Each search for more takes as long again.
const FETCH: Duration = Duration::from_secs(20);

static KNOWN: LazyLock<Issuer> = LazyLock::new(|| {
    issuer(SigningKey::ec_pem(
        Algorithm::ES256,
        include_bytes!("../fixtures/jwt/p256.pem"),
    ))
});
static UNKNOWN: LazyLock<Issuer> =
    LazyLock::new(|| issuer(SigningKey::ed_pem(include_bytes!("../fixtures/jwt/ed25519.pem"))));

fn issuer(key: SigningKey) -> Issuer {
    let builder = Issuer::builder().issuer("https://id.example.com").audience("shop");
    builder.key(key).build().unwrap()
}

pub(crate) fn token(user: &str) -> String {
    KNOWN.token(user).sign().unwrap()
}

/// Signed by a key that no fetch will find.
pub(crate) fn unknown_token() -> String {
    UNKNOWN.token("7").sign().unwrap()
}

pub(crate) fn jwt() -> JwtLayer {
    let fetches = Arc::new(AtomicU32::new(0));
    let keys = Jwks::fetch_with(move || {
        let fetch = fetches.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            sleep(FETCH * fetch).await;
            Ok::<_, std::convert::Infallible>(KNOWN.jwks().to_string())
        }
    });
    JwtLayer::builder()
        .jwks(keys.timeout(Duration::from_secs(60)).build().unwrap())
        .issuer("https://id.example.com")
        .audience("shop")
        .optional()
        .build()
        .unwrap()
}
