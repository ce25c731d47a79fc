use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::problem::Chain;

/// The protocols offered in the handshake (ALPN), the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// TLS for a [`Server`](super::Server): TLS 1.2 and 1.3 by rustls, HTTP/2 and HTTP/1.1 by ALPN.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    config: Arc<ServerConfig>,
    reloader: Option<TlsReloader>,
}

/// Reads a certificate and its key again, for the handshakes to come. Connections that are open keep what they have, and
/// sessions can still be resumed.
#[derive(Debug, Clone)]
pub struct TlsReloader {
    files: Arc<Files>,
}

#[derive(Debug)]
struct Files {
    chain: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    loaded: Mutex<Stamps>,
}

/// When either file was changed, and its length, since clocks of file systems are coarse. `None` for one that is being replaced.
type Stamps = [Option<(SystemTime, u64)>; 2];

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

/// Why a certificate cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds nothing of the kind.
    File(PathBuf, pem::Error),
    /// The certificate and the key do not belong together, or are of a kind that is not known.
    Pair(rustls::Error),
    /// Neither the feature `aws-lc` nor `rust-crypto` is enabled, and no provider is installed.
    NoProvider,
}

impl TlsConfig {
    /// From a file with the certificate and its chain, the server's own first, and one with its private key, both in PEM.
    pub fn pem_files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, TlsError> {
        let (chain, key) = (chain.into(), key.into());
        let provider = provider().ok_or(TlsError::NoProvider)?;
        let loaded = Mutex::new(stamps(&chain, &key));
        let pair = read(&chain, &key, &provider)?;
        let current = Arc::new(Current(ArcSwap::from_pointee(pair)));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        let files = Arc::new(Files {
            chain,
            key,
            provider,
            current,
            loaded,
        });
        Ok(Self {
            config: Arc::new(config),
            reloader: Some(TlsReloader { files }),
        })
    }

    /// From a configuration of the app's own, for client certificates or one certificate a host name. Where it names no
    /// protocols for ALPN, `h2` and `http/1.1` are offered.
    pub fn rustls(mut config: ServerConfig) -> Self {
        if config.alpn_protocols.is_empty() {
            config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        }
        Self {
            config: Arc::new(config),
            reloader: None,
        }
    }

    /// What reads the files again; `None` for [`TlsConfig::rustls`], whose own resolver decides.
    pub fn reloader(&self) -> Option<TlsReloader> {
        self.reloader.clone()
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

impl TlsReloader {
    /// Reads both files now. A pair that cannot be used is an error, and the one before goes on serving.
    ///
    /// It blocks for the time of two small reads.
    pub fn reload(&self) -> Result<(), TlsError> {
        let files = &*self.files;
        // Before the files are read: a change in between is seen at the next look.
        let stamps = stamps(&files.chain, &files.key);
        let read = read(&files.chain, &files.key, &files.provider);
        match &read {
            Ok(pair) => {
                files.current.0.store(Arc::new(pair.clone()));
                *files.loaded.lock().unwrap_or_else(PoisonError::into_inner) = stamps;
                tracing::info!(target: "portcullis::server", chain = %files.chain.display(), "certificate reloaded");
            }
            Err(error) => {
                tracing::error!(
                    target: "portcullis::server",
                    chain = %files.chain.display(),
                    error = %Chain(error),
                    "certificate not reloaded: the one before goes on serving",
                );
            }
        }
        read.map(drop)
    }

    /// Looks every so often whether a file was changed, and reloads then. Never ends: for a task of its own.
    ///
    /// A pair that was seen half written is tried again at the next look.
    pub async fn watch(self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let loaded = *self.files.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            if stamps(&self.files.chain, &self.files.key) != loaded {
                // Said in the log.
                let _ = self.reload();
            }
        }
    }
}

fn stamps(chain: &Path, key: &Path) -> Stamps {
    [chain, key].map(|file| {
        let file = std::fs::metadata(file).ok()?;
        Some((file.modified().ok()?, file.len()))
    })
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn read(chain_file: &Path, key_file: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let unreadable = |file: &Path| {
        let file = file.to_owned();
        move |error| TlsError::File(file, error)
    };
    let chain = CertificateDer::pem_file_iter(chain_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(unreadable(chain_file))?;
    if chain.is_empty() {
        return Err(TlsError::File(chain_file.to_owned(), pem::Error::NoItemsFound));
    }
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(unreadable(key_file))?;
    CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Pair)
}

/// The provider that the app has installed, or that of this crate's features.
fn provider() -> Option<Arc<CryptoProvider>> {
    if let Some(installed) = CryptoProvider::get_default() {
        return Some(Arc::clone(installed));
    }
    #[cfg(feature = "aws-lc")]
    let own = Some(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
    let own = Some(rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "aws-lc", feature = "rust-crypto")))]
    let own = None;
    own.map(Arc::new)
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file, _) => write!(f, "cannot use {}", file.display()),
            Self::Pair(_) => f.write_str("cannot use the certificate with its key"),
            Self::NoProvider => f.write_str("nothing computes TLS: enable the feature `aws-lc` or `rust-crypto`"),
        }
    }
}

impl StdError for TlsError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::File(_, error) => Some(error),
            Self::Pair(error) => Some(error),
            Self::NoProvider => None,
        }
    }
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
