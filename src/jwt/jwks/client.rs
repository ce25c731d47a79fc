//! One `GET` over HTTP/1.1: a connection of its own, no redirects, no cookies, no proxy.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, HOST, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::CryptoProvider};

use super::address;
use super::error::JwksError;
use super::source::{Fetch, Fetching};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("portcullis/", env!("CARGO_PKG_VERSION")));
const WANTED: HeaderValue = HeaderValue::from_static("application/jwk-set+json, application/json");

/// How the network is reached.
#[derive(Default)]
pub(super) struct Network {
    pub(super) insecure: bool,
    pub(super) certificates: Vec<u8>,
}

impl Network {
    pub(super) fn reach(&self, url: &str) -> Result<(Client, Uri), String> {
        let uri = address::check(url, self.insecure).map_err(|reason| format!("`{url}` {reason}"))?;
        let mut certificates = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(&self.certificates) {
            certificates.push(certificate.map_err(|_| "was given a certificate that is not PEM")?);
        }
        if certificates.is_empty() && !self.certificates.is_empty() {
            return Err("was given a certificate that is not PEM".to_owned());
        }
        // What is discovered over plain HTTP may name an address with TLS.
        let client = match Client::with_tls(certificates) {
            Err(_) if uri.scheme() == Some(&Scheme::HTTP) => Client::PLAIN,
            made => made?,
        };
        Ok((client, uri))
    }
}

/// `None` where TLS is not used.
#[derive(Clone)]
pub(super) struct Client {
    tls: Option<TlsConnector>,
}

impl Client {
    const PLAIN: Self = Self { tls: None };

    /// Servers are verified with the certificates that the system trusts, and with these.
    fn with_tls(extra: Vec<CertificateDer<'static>>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in extra {
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(
                "the system has no certificates by which a server could be verified; install `ca-certificates`"
                    .to_owned(),
            );
        }
        let provider = provider().ok_or("nothing computes TLS: enable the feature `aws-lc` or `rust-crypto`")?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = Some(TlsConnector::from(Arc::new(config)));
        Ok(Self { tls })
    }

    /// What is there, of at most so many bytes.
    pub(super) async fn get(&self, url: &Uri, most: usize) -> Result<Bytes, JwksError> {
        let host = url.host().unwrap_or_default();
        let name = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let secure = url.scheme() == Some(&Scheme::HTTPS);
        let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let stream = TcpStream::connect((name, port)).await.map_err(JwksError::unreachable)?;
        match &self.tls {
            _ if !secure => ask(stream, url, most).await,
            Some(tls) => {
                let name = ServerName::try_from(name.to_owned()).map_err(JwksError::unreachable)?;
                let stream = tls.connect(name, stream).await.map_err(JwksError::unreachable)?;
                ask(stream, url, most).await
            }
            None => Err(JwksError::unreachable("the client was made without TLS")),
        }
    }
}

/// The provider that the app has installed, or that of this crate's features.
fn provider() -> Option<Arc<CryptoProvider>> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Some(Arc::clone(installed));
    }
    #[cfg(feature = "aws-lc")]
    let own = Some(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
    let own = Some(tokio_rustls::rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
    let own = None;
    own.map(Arc::new)
}

async fn ask<T>(stream: T, url: &Uri, most: usize) -> Result<Bytes, JwksError>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(JwksError::unreachable)?;
    // Dropped with this function, which closes the connection, whatever is still to come.
    let mut driving = JoinSet::new();
    driving.spawn(connection);
    let target = url.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let host = url.authority().map_or("", http::uri::Authority::as_str);
    let request = Request::get(target)
        .header(HOST, host)
        .header(ACCEPT, WANTED)
        .header(USER_AGENT, AGENT)
        .body(Empty::<Bytes>::new())
        .map_err(JwksError::unreachable)?;
    let response = sender.send_request(request).await.map_err(JwksError::unreachable)?;
    if response.status() != StatusCode::OK {
        return Err(JwksError::Status(response.status().as_u16()));
    }
    let announced = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > most as u64) {
        return Err(JwksError::TooLong(most));
    }
    read(response.into_body(), most).await
}

async fn read(body: Incoming, most: usize) -> Result<Bytes, JwksError> {
    match Limited::new(body, most).collect().await {
        Ok(document) => Ok(document.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(JwksError::TooLong(most)),
        Err(error) => Err(JwksError::unreachable(error)),
    }
}

/// A key set at a fixed address.
pub(super) struct Fixed {
    pub(super) client: Client,
    pub(super) url: Uri,
}

impl Fetch for Fixed {
    fn fetch(&self, most: usize) -> Fetching<'_> {
        Box::pin(self.client.get(&self.url, most))
    }
}
