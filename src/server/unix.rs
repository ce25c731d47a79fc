use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::net::{UnixListener, UnixStream};

/// A unix socket that is listened on, and its file.
#[derive(Debug)]
pub(super) struct UnixSocket {
    listener: UnixListener,
    file: Option<Arc<File>>,
}

/// The same outside of any runtime.
#[derive(Debug)]
pub(super) struct Detached {
    listener: StdListener,
    file: Option<Arc<File>>,
}

/// Removed with its last listener, if it is still the same: another process may have put its own in its place.
#[derive(Debug)]
struct File {
    path: PathBuf,
    identity: (u64, u64),
}

impl UnixSocket {
    /// Binds beside the path and moves the socket there, so that nobody meets it without its mode, and one that a killed process
    /// left is replaced.
    pub(super) fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        if let Ok(there) = fs::symlink_metadata(path) {
            if !there.file_type().is_socket() {
                let why = format!("{} is there and no socket", path.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
            }
            // Refused is what nobody listens on. One that may not be connected to, or is of another kind, may well be in use.
            let answer = StdStream::connect(path).err().map(|error| error.kind());
            if !matches!(answer, Some(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)) {
                let why = format!("{} is served by another process", path.display());
                return Err(io::Error::new(io::ErrorKind::AddrInUse, why));
            }
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(beside);
        // Of an earlier process of the same id.
        let _ = fs::remove_file(&beside);
        let listener = UnixListener::bind(&beside)?;
        let placed = fs::set_permissions(&beside, Permissions::from_mode(mode))
            .and_then(|()| fs::metadata(&beside))
            .and_then(|file| fs::rename(&beside, path).map(|()| file));
        match placed {
            Ok(file) => Ok(Self {
                listener,
                file: Some(Arc::new(File {
                    path: path.to_owned(),
                    identity: (file.dev(), file.ino()),
                })),
            }),
            Err(error) => {
                let _ = fs::remove_file(&beside);
                Err(error)
            }
        }
    }

    /// A socket whose file is another's to remove.
    pub(super) fn inherited(listener: StdListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = UnixListener::from_std(listener)?;
        Ok(Self { listener, file: None })
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<UnixStream>> {
        self.listener.poll_accept(cx).map_ok(|(stream, _)| stream)
    }

    pub(super) fn detach(self) -> io::Result<Detached> {
        Ok(Detached {
            listener: self.listener.into_std()?,
            file: self.file,
        })
    }

    pub(super) fn attach(detached: &Detached) -> io::Result<Self> {
        Ok(Self {
            listener: UnixListener::from_std(detached.listener.try_clone()?)?,
            file: detached.file.clone(),
        })
    }
}

impl Detached {
    pub(super) fn accept(&self) -> io::Result<UnixStream> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        UnixStream::from_std(stream)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.identity);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}
