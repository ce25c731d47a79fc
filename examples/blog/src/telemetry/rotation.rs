//! A log file that begins anew each day and before it grows too large, with a bound on how many are kept.
//!
//! Of the crates for this, those that are maintained rotate by day or by size but not by both, or forget the day at a restart.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// How large and how many the files of one log may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of one file. Only a single record that is longer exceeds it.
    pub bytes: u64,
    /// Files, the one that is written to included; at least 1.
    pub files: usize,
}

/// `blog.log`, and before it `blog.log.1`, `blog.log.2` and so on, the oldest with the highest number. Days are those of UTC.
///
/// Each write is one record. It goes to the file at once, so that a killed process has lost none that was written.
#[derive(Debug)]
pub(super) struct RotatingFile {
    path: PathBuf,
    bounds: Bounds,
    clock: fn() -> SystemTime,
    file: File,
    size: u64,
    day: u64,
    /// Whether the trouble that lasts was told.
    told: bool,
}

impl RotatingFile {
    /// Goes on with the file of the process before, if it is of today.
    pub(super) fn open(path: PathBuf, bounds: Bounds, clock: fn() -> SystemTime) -> io::Result<Self> {
        let file = append_to(&path)?;
        let metadata = file.metadata()?;
        let begun = if metadata.len() == 0 {
            clock()
        } else {
            metadata.modified()?
        };
        remove_beyond(&path, bounds.files)?;
        Ok(Self {
            path,
            bounds,
            clock,
            file,
            size: metadata.len(),
            day: day(begun),
            told: false,
        })
    }

    fn rotate_if_due(&mut self, bytes: u64) -> io::Result<()> {
        let today = day((self.clock)());
        let is_full = self.size.saturating_add(bytes) > self.bounds.bytes;
        if self.size > 0 && (is_full || today != self.day) {
            self.rotate()?;
        }
        self.day = today;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.bounds.files).rev() {
            let older = numbered(&self.path, number);
            let newer = match number {
                1 => self.path.clone(),
                _ => numbered(&self.path, number - 1),
            };
            match fs::rename(newer, older) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed?,
            }
        }
        if self.bounds.files <= 1 {
            self.file.set_len(0)?;
        }
        self.file = append_to(&self.path)?;
        self.size = 0;
        Ok(())
    }

    /// Says once on standard error what is wrong, since the log cannot.
    fn tell(&mut self, result: &io::Result<()>) {
        match result {
            Ok(()) => self.told = false,
            Err(_) if self.told => {}
            Err(error) => {
                eprintln!("blog: {}: {error}", self.path.display());
                self.told = true;
            }
        }
    }
}

impl Write for RotatingFile {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let bytes = record.len() as u64;
        // Where it cannot be rotated it grows: better too long a file than no record.
        let rotated = self.rotate_if_due(bytes);
        let written = self.file.write_all(record);
        let trouble = match &written {
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            Ok(()) => rotated,
        };
        self.tell(&trouble);
        written?;
        self.size = self.size.saturating_add(bytes);
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

fn day(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) / SECONDS_A_DAY
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Removes what a process with a higher bound has left.
fn remove_beyond(path: &Path, files: usize) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let number = entry
            .file_name()
            .to_str()
            .and_then(|found| found.strip_prefix(name)?.strip_prefix('.')?.parse::<usize>().ok());
        if number.is_some_and(|number| number >= files.max(1)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let name = format!(
                "blog-log-{}-{}",
                std::process::id(),
                COUNT.fetch_add(1, Ordering::Relaxed)
            );
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn log(&self) -> PathBuf {
            self.0.join("blog.log")
        }

        /// What is in the files, the newest first; the count of them is that of the folder.
        fn contents(&self) -> Vec<String> {
            let count = fs::read_dir(&self.0).unwrap().count();
            let names = std::iter::once(self.log()).chain((1..count).map(|number| numbered(&self.log(), number)));
            names.map(|name| fs::read_to_string(name).unwrap()).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn bounds(bytes: u64, files: usize) -> Bounds {
        Bounds { bytes, files }
    }

    #[test]
    fn rotates_by_size_and_keeps_so_many() {
        fn check(limits: Bounds, records: &[&str], expect: &[&str]) {
            let folder = Folder::new();
            let mut log = RotatingFile::open(folder.log(), limits, SystemTime::now).unwrap();
            for record in records {
                log.write_all(record.as_bytes()).unwrap();
            }
            assert_eq!(folder.contents(), expect, "{limits:?} {records:?}");
        }

        check(bounds(4, 3), &["aa", "bb"], &["aabb"]);
        check(bounds(4, 3), &["aa", "bb", "c"], &["c", "aabb"]);
        check(bounds(4, 3), &["aaa", "bb", "ccc", "ddd"], &["ddd", "ccc", "bb"]);
        // A record is never cut, and one that is too long does not rotate an empty file.
        check(bounds(4, 3), &["aaaaaa", "b"], &["b", "aaaaaa"]);
        check(bounds(4, 2), &["aaaa", "bbbb", "cccc"], &["cccc", "bbbb"]);
        check(bounds(4, 1), &["aaaa", "bbbb"], &["bbbb"]);
    }

    #[test]
    fn begins_anew_each_day() {
        static NOW: AtomicU64 = AtomicU64::new(10 * SECONDS_A_DAY);
        let folder = Folder::new();
        let clock = || UNIX_EPOCH + Duration::from_secs(NOW.load(Ordering::Relaxed));
        let mut log = RotatingFile::open(folder.log(), bounds(100, 5), clock).unwrap();
        log.write_all(b"first").unwrap();
        NOW.store(11 * SECONDS_A_DAY - 1, Ordering::Relaxed);
        log.write_all(b" last").unwrap();
        NOW.store(11 * SECONDS_A_DAY, Ordering::Relaxed);
        log.write_all(b"next").unwrap();
        // Two days later: a day without a record leaves no file.
        NOW.store(13 * SECONDS_A_DAY, Ordering::Relaxed);
        log.write_all(b"after").unwrap();
        assert_eq!(folder.contents(), ["after", "next", "first last"]);
    }

    #[test]
    fn goes_on_after_a_restart_but_not_with_yesterdays_file() {
        fn tomorrow() -> SystemTime {
            SystemTime::now() + Duration::from_secs(SECONDS_A_DAY)
        }
        let folder = Folder::new();
        for (clock, record, expect) in [
            (SystemTime::now as fn() -> SystemTime, "one", vec!["one"]),
            (SystemTime::now, " two", vec!["one two"]),
            (tomorrow, "three", vec!["three", "one two"]),
        ] {
            let mut log = RotatingFile::open(folder.log(), bounds(100, 5), clock).unwrap();
            log.write_all(record.as_bytes()).unwrap();
            assert_eq!(folder.contents(), expect);
        }
    }

    #[test]
    fn a_lower_bound_removes_what_a_higher_one_kept() {
        let folder = Folder::new();
        for name in [
            "blog.log.1",
            "blog.log.2",
            "blog.log.9",
            "blog.log.gz",
            "blog.error.log.9",
        ] {
            fs::write(folder.0.join(name), name).unwrap();
        }
        RotatingFile::open(folder.log(), bounds(100, 2), SystemTime::now).unwrap();
        let mut left: Vec<_> = fs::read_dir(&folder.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["blog.error.log.9", "blog.log", "blog.log.1", "blog.log.gz"]);
    }

    #[test]
    fn writes_on_where_it_cannot_rotate() {
        let folder = Folder::new();
        // A folder in the way of the oldest file.
        fs::create_dir_all(folder.0.join("blog.log.1").join("full")).unwrap();
        let mut log = RotatingFile::open(folder.log(), bounds(4, 2), SystemTime::now).unwrap();
        log.write_all(b"aaaa").unwrap();
        log.write_all(b"bbbb").unwrap();
        assert_eq!(fs::read_to_string(folder.log()).unwrap(), "aaaabbbb");
    }
}
