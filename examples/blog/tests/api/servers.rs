//! The same suite again, on servers.

use std::io::Write;
use std::process::Command;

/// What asks the database; the rest would only be repeated.
const MODULES: &[&str] = &[
    "accounts::",
    "aggregates::",
    "bulk::",
    "comments::",
    "dialects::",
    "hooks::",
    "hostile::",
    "include::",
    "injection::",
    "lists::",
    "migrations::",
    "pool::",
    "posts::",
    "profiles::",
    "removal::",
    "search::",
    "seeds::",
    "tags::",
    "threads::",
    "transactions::",
];

/// Where the server is; where the variable is not set, or is empty, a loud word about what is left out.
pub(crate) fn server(variable: &str, left_out: &str) -> Option<String> {
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        skipped(&format!("{variable} is not set, so that {left_out}"));
    }
    url
}

#[expect(
    clippy::explicit_write,
    reason = "the test harness swallows what a test prints that passes"
)]
pub(crate) fn skipped(why: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {why}").unwrap();
}

fn the_same_suite(variable: &str) {
    let Some(server) = server(variable, "the suite does not run on that server") else {
        return;
    };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(MODULES)
        .env("BLOG_TEST_SERVER", server)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // A module that has another name by now would otherwise be left out without a word.
    for module in MODULES {
        assert!(text.contains(&format!("test {module}")), "{module} did not run: {text}");
    }
}

#[test]
fn the_same_suite_on_mariadb() {
    the_same_suite("TEST_MYSQL_URL");
}

#[test]
fn the_same_suite_on_postgres() {
    the_same_suite("TEST_POSTGRES_URL");
}

/// As a job of CI sets them that has no servers.
#[test]
fn a_variable_that_is_empty_counts_as_not_set() {
    let tests = [
        ("servers::the_same_suite_on_mariadb", "TEST_MYSQL_URL"),
        ("servers::the_same_suite_on_postgres", "TEST_POSTGRES_URL"),
        (
            "faults::mariadb_is_killed_and_stopped_under_load_and_comes_back",
            "TEST_MYSQL_URL",
        ),
        (
            "faults::connections_that_postgres_ends_under_load_lose_nothing",
            "TEST_POSTGRES_URL",
        ),
        ("operations::redis_is_asked_where_there_is_one", "TEST_REDIS_URL"),
    ];
    for (test, variable) in tests {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .env(variable, "")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{test}: {}{said}",
            String::from_utf8_lossy(&output.stdout)
        );
        assert!(
            said.contains(&format!("SKIPPED: {variable} is not set")),
            "{test}: {said}"
        );
    }
}
