//! The log's files, which a thread of their own writes.

use std::convert::Infallible;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

use super::rotation::{Bounds, RotatingFile};

/// How long the end of the process waits for the disk.
const LONGEST_FLUSH: Duration = Duration::from_secs(10);

/// Dropped, it waits until every record before is in the file. Records after that are lost.
#[derive(Debug)]
pub(super) struct FlushGuard {
    name: String,
    worker: Option<WorkerGuard>,
    ended: Receiver<Infallible>,
}

/// The writer of `folder/name`. The folder is made where it is missing.
///
/// Where the disk is slower than the log, writers wait once 128 000 records do: none is dropped.
pub(super) fn open(folder: &Path, name: &str, bounds: Bounds) -> Result<(NonBlocking, FlushGuard), String> {
    let path = folder.join(name);
    let opened = fs::create_dir_all(folder).and_then(|()| RotatingFile::open(path.clone(), bounds, SystemTime::now));
    let file = opened.map_err(|error| format!("LOG_DIR: cannot write {}: {error}", path.display()))?;
    let (ends, ended) = channel();
    let (writer, worker) = NonBlockingBuilder::default()
        .lossy(false)
        .thread_name("log")
        .finish(UntilDropped { file, _ends: ends });
    let guard = FlushGuard {
        name: path.display().to_string(),
        worker: Some(worker),
        ended,
    };
    Ok((writer, guard))
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        // It waits for a second and no longer, which is not enough for a long queue on a slow disk.
        self.worker = None;
        if self.ended.recv_timeout(LONGEST_FLUSH) == Err(RecvTimeoutError::Timeout) {
            eprintln!("blog: {}: the disk is too slow, records are lost", self.name);
        }
    }
}

/// Tells by its drop that the thread has written its last record.
struct UntilDropped {
    file: RotatingFile,
    _ends: Sender<Infallible>,
}

impl Write for UntilDropped {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.file.write(record)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_before_the_drop_is_in_the_file() {
        const RECORDS: usize = 50_000;
        let folder = std::env::temp_dir().join(format!("blog-files-{}", std::process::id()));
        let bounds = Bounds {
            bytes: u64::MAX,
            files: 1,
        };
        let (mut writer, guard) = open(&folder.join("made"), "blog.log", bounds).unwrap();
        for number in 0..RECORDS {
            writer.write_all(format!("{number}\n").as_bytes()).unwrap();
        }
        drop(guard);
        let text = fs::read_to_string(folder.join("made").join("blog.log")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(text.lines().eq((0..RECORDS).map(|number| number.to_string())));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let file = std::env::temp_dir().join(format!("blog-no-folder-{}", std::process::id()));
        fs::write(&file, "").unwrap();
        let bounds = Bounds { bytes: 1, files: 1 };
        let error = open(&file, "blog.log", bounds).map(drop).unwrap_err();
        fs::remove_file(&file).unwrap();
        assert!(error.starts_with("LOG_DIR: cannot write "), "{error}");
    }
}
