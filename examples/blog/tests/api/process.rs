//! The blog as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// No test waits for as long, unless the blog hangs.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) folder: PathBuf,
}

pub(crate) fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "blog-process-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The binary with nothing of the environment that would change it, in a folder of its own.
pub(crate) fn command(folder: &PathBuf, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_blog"));
    command
        .env_clear()
        .current_dir(folder)
        .env("APP_ENV", "production")
        .env("JWT_SECRET", "a secret of the tests, 32 bytes or more")
        .env("DATABASE_URL", format!("sqlite://{}/blog.sqlite", folder.display()))
        .env("PORT", "0")
        .env("ADMIN_PORT", "0")
        .env("RATE_LIMIT", "1000000 per minute")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

impl Process {
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let folder = folder();
        let (child, lines) = spawn(&folder, variables);
        let mut process = Self {
            child,
            lines,
            address: ([127, 0, 0, 1], 0).into(),
            admin: ([127, 0, 0, 1], 0).into(),
            folder,
        };
        process.read_addresses();
        process
    }

    /// On the same files.
    pub(crate) fn start_again(&mut self, variables: &[(&str, &str)]) {
        (self.child, self.lines) = spawn(&self.folder, variables);
        self.read_addresses();
    }

    fn read_addresses(&mut self) {
        self.address = self.line("blog: http://").parse().unwrap();
        self.admin = self.line("  admin http://").parse().unwrap();
    }

    /// The rest of the next line of standard output that begins so.
    pub(crate) fn line(&self, prefix: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap();
            if let Some(rest) = line.strip_prefix(prefix) {
                return rest.to_owned();
            }
        }
    }

    /// As a machine that loses its power.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stop(&mut self) -> ExitStatus {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap()
    }
}

/// The process and the lines that it prints.
fn spawn(folder: &PathBuf, variables: &[(&str, &str)]) -> (Child, Receiver<String>) {
    let mut child = command(folder, variables).stderr(Stdio::inherit()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    (child, lines)
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Head and body of the answer.
pub(crate) fn ask(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: blog\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}
