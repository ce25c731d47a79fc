//! Where a key set comes from.

use std::fs::File;
use std::future::Future;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;

use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::error::JwksError;

pub(super) type Fetching<'f> = Pin<Box<dyn Future<Output = Result<Bytes, JwksError>> + Send + 'f>>;

/// Fetches a document of at most so many bytes. The caller sees to the time.
pub(super) trait Fetch: Send + Sync {
    fn fetch(&self, most: usize) -> Fetching<'_>;
}

/// A fetch of the application's own.
pub(super) struct Own<F>(pub(super) F);

impl<F, Fut, B, E> Fetch for Own<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<B, E>> + Send + 'static,
    B: Into<Bytes>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn fetch(&self, most: usize) -> Fetching<'_> {
        let fetching = (self.0)();
        Box::pin(async move {
            let document = fetching.await.map_err(JwksError::unreachable)?.into();
            if document.len() > most {
                return Err(JwksError::TooLong(most));
            }
            Ok(document)
        })
    }
}

/// A file that another process may replace.
pub(super) struct OnDisk(pub(super) PathBuf);

impl Fetch for OnDisk {
    fn fetch(&self, most: usize) -> Fetching<'_> {
        let path = self.0.clone();
        let read = move || {
            let mut document = Vec::new();
            // One byte more, to know a longer one.
            let limit = most.saturating_add(1) as u64;
            File::open(path)?.take(limit).read_to_end(&mut document)?;
            Ok(document)
        };
        Box::pin(async move {
            let read: std::io::Result<Vec<u8>> = spawn_blocking(read).await.map_err(JwksError::unreachable)?;
            let document = read.map_err(JwksError::unreachable)?;
            if document.len() > most {
                return Err(JwksError::TooLong(most));
            }
            Ok(document.into())
        })
    }
}
