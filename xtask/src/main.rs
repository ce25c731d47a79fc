//! What contributors run, with nothing to install: `cargo xtask check | msrv | dev | bench | …`.

mod bench;
mod bench_e2e;
mod check;
mod compile_cost;
mod dev;
mod msrv;
mod readme_costs;
mod run;
mod smoke;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  check   everything that CI checks: format, lints, tests, features, docs, dependencies, MSRV
  msrv    only the part of check that is about the library's oldest Rust
  dev     runs the blog and restarts it when a source file is saved; the listening socket stays open
  bench   measures what each layer costs, alone and beside other crates that do the same work
  bench-e2e [--smoke] [--rounds N] [--seconds N] [--connections N] [--held N] [WORD]
          measures what the whole gate costs over loopback, beside other frameworks; needs wrk, and Node.js for some of them
  compile-cost
          measures what the library adds to the build of an axum application
  readme-costs
          writes what bench has measured into the README";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check"] => check::check(),
        ["msrv"] => msrv::check(),
        ["dev"] => dev::dev(),
        ["bench", ..] => bench::bench(),
        ["bench-e2e", ref options @ ..] => bench_e2e::bench_e2e(options),
        ["compile-cost"] => compile_cost::compile_cost(),
        ["readme-costs"] => readme_costs::write(),
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
