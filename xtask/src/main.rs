//! What contributors run, with nothing to install: `cargo xtask check | msrv | dev | bench`.

mod bench;
mod check;
mod dev;
mod msrv;
mod run;
mod smoke;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  check   everything that CI checks: format, lints, tests, features, docs, dependencies, MSRV
  msrv    only the part of check that is about the library's oldest Rust
  dev     runs the blog and restarts it when a source file is saved; the listening socket stays open
  bench   measures what each layer costs, alone and beside other crates that do the same work";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check"] => check::check(),
        ["msrv"] => msrv::check(),
        ["dev"] => dev::dev(),
        ["bench", ..] => bench::bench(),
        _ => Err(USAGE.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
