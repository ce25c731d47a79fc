//! The same suite again, on servers.

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

fn the_same_suite(variable: &str) {
    let Ok(server) = std::env::var(variable) else {
        eprintln!("SKIPPED: {variable} is not set, so that the suite does not run on that server");
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
