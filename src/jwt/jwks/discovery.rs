//! Where the keys of an issuer are, as it says itself (OpenID Connect Discovery 1.0, RFC 8414).

use http::Uri;
use serde::Deserialize;

use super::address;
use super::client::Client;
use super::error::JwksError;
use super::source::{Fetch, Fetching};

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// OpenID Connect Discovery section 4.1: the path comes after the issuer's own, whose last slash is left out.
pub(super) fn metadata_url(issuer: &str) -> String {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    format!("{issuer}/.well-known/openid-configuration")
}

/// Section 4.3: the issuer must be the very same, or one issuer could name the keys of another.
pub(super) fn jwks_uri(metadata: &[u8], issuer: &str, insecure: bool) -> Result<Uri, JwksError> {
    let metadata: Metadata =
        serde_json::from_slice(metadata).map_err(|_| JwksError::NotDiscovered("this is no metadata of an issuer"))?;
    if metadata.issuer != issuer {
        return Err(JwksError::OtherIssuer);
    }
    address::check(&metadata.jwks_uri, insecure)
        .map_err(|_| JwksError::NotDiscovered("its `jwks_uri` may not be fetched"))
}

/// Asks anew each time: an issuer may move its keys.
pub(super) struct Discovered {
    pub(super) client: Client,
    pub(super) issuer: String,
    pub(super) metadata: Uri,
    pub(super) insecure: bool,
}

impl Fetch for Discovered {
    fn fetch(&self, most: usize) -> Fetching<'_> {
        Box::pin(async move {
            let metadata = self.client.get(&self.metadata, most).await?;
            let keys = jwks_uri(&metadata, &self.issuer, self.insecure)?;
            self.client.get(&keys, most).await
        })
    }
}
