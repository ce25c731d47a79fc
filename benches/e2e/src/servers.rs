//! Who takes part, and how it is started.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Express and Fastify, with what npm installs for them.
const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Tower,
    Actix,
    Node,
}

pub(crate) struct Server {
    /// In the report.
    pub(crate) name: &'static str,
    program: PathBuf,
    argument: Option<&'static str>,
    /// Has the nine jobs. What is bare answers all alike, and logs nothing.
    pub(crate) gated: bool,
}

impl Server {
    pub(crate) fn command(&self) -> Command {
        let mut command = pinned(SERVER_CORE, &self.program);
        command
            .args(self.argument)
            .current_dir(NODE)
            .env("NODE_ENV", "production");
        command
    }
}

const SERVER_CORE: usize = 0;
pub(crate) const LOAD_CORE: usize = 1;

pub(crate) const BARE_AXUM: &str = "axum, bare";
pub(crate) const PORTCULLIS_AXUM: &str = "portcullis on axum";
/// Without a gate, and with its headers.
pub(crate) const AXUM_WITH_HEADERS: &str = "axum, bare, a gate's headers";
pub(crate) const PORTCULLIS_CACHED: &str = "portcullis on axum, cached token";
pub(crate) const EXPRESS: &str = "Express 5";

const ALL: &[(&str, Kind, &str, bool)] = &[
    ("hyper, bare", Kind::Tower, "hyper", false),
    (BARE_AXUM, Kind::Tower, "axum", false),
    (AXUM_WITH_HEADERS, Kind::Tower, "axum-headers", false),
    (PORTCULLIS_AXUM, Kind::Tower, "portcullis-axum", true),
    (PORTCULLIS_CACHED, Kind::Tower, "portcullis-axum-cached", true),
    (
        "portcullis on axum, own server",
        Kind::Tower,
        "portcullis-axum-server",
        true,
    ),
    ("portcullis on hyper", Kind::Tower, "portcullis-hyper", true),
    ("portcullis with workers", Kind::Tower, "portcullis-workers", true),
    ("axum, the usual crates", Kind::Tower, "axum-rivals", true),
    ("actix-web", Kind::Actix, "", true),
    (EXPRESS, Kind::Node, "express.js", true),
    ("Fastify 5", Kind::Node, "fastify.js", true),
];

/// All that can be started here; says loudly which cannot.
pub(crate) fn all() -> Result<Vec<Server>, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = |name: &str| own.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let node = node();
    if let Err(reason) = &node {
        println!("== SKIPPED: Express and Fastify: {reason}");
    }
    let servers = ALL.iter().filter(|(_, kind, ..)| *kind != Kind::Node || node.is_ok());
    let server = |(name, kind, argument, gated): &(&'static str, Kind, &'static str, bool)| {
        let program = match kind {
            Kind::Tower => beside("e2e-tower"),
            Kind::Actix => beside("e2e-actix"),
            Kind::Node => PathBuf::from("node"),
        };
        if *kind != Kind::Node && !program.exists() {
            return Err(format!(
                "{} is not built: `cargo xtask bench-e2e` does that",
                program.display()
            ));
        }
        Ok(Server {
            name,
            program,
            argument: Some(*argument).filter(|argument| !argument.is_empty()),
            gated: *gated,
        })
    };
    servers.map(server).collect()
}

fn node() -> Result<(), String> {
    if !works("node") {
        return Err("no `node` here: install Node.js 20 or newer".to_owned());
    }
    if Path::new(NODE).join("node_modules/express").exists() {
        Ok(())
    } else {
        Err(format!("nothing installed: `npm ci` in {NODE}"))
    }
}

/// A command that runs on one core, where that can be said and there are two.
pub(crate) fn pinned(core: usize, program: impl AsRef<std::ffi::OsStr>) -> Command {
    if !can_pin() {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string()]).arg(program);
    command
}

pub(crate) fn can_pin() -> bool {
    std::thread::available_parallelism().is_ok_and(|cores| cores.get() > LOAD_CORE) && works("taskset")
}

/// Whether there is such a command.
pub(crate) fn works(program: &str) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok()
}
