//! Keeps the house in order: who may import whom, where names live, what every page has.

use std::fs;
use std::path::{Path, PathBuf};

const LAYERS: &[&str] = &[
    "request_log",
    "catch_error",
    "shutdown",
    "security_headers",
    "cors",
    "rate_limit",
    "throttle",
    "csrf",
    "timeout",
    "jwt",
    "session",
    "authorize",
    "not_found",
];

/// Every source file of the library with its path below `src`.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut waiting = vec![root.clone()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(found.len() > 20, "the walk found only {} files", found.len());
    found
}

/// The top-level module of a file: `cors` for `cors/policy.rs`, `stack` for `stack.rs`.
fn module(name: &str) -> &str {
    name.split(['/', '.']).next().unwrap()
}

/// The lines that compile, without comments and without what only tests see.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| *line != "mod tests {")
        .filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn layers_know_neither_each_other_nor_the_stack() {
    for (name, text) in sources() {
        let own = module(&name);
        if !LAYERS.contains(&own) {
            continue;
        }
        for line in code(&text) {
            for other in LAYERS
                .iter()
                .chain(&["stack", "server", "session", "lockout"])
                .filter(|other| **other != own)
            {
                assert!(
                    !line.contains(&format!("crate::{other}")),
                    "{name} knows {other}: {line}"
                );
            }
        }
    }
}

#[test]
fn leaves_know_no_layer() {
    for (name, text) in sources() {
        if !matches!(
            module(&name),
            "body"
                | "caller"
                | "checkpoint"
                | "crash"
                | "problem"
                | "client_ip"
                | "request_id"
                | "request_view"
                | "trace_context"
                | "identity"
                | "trail"
                | "config_error"
                | "fields"
                | "origin"
                | "random"
                | "uuid"
        ) {
            continue;
        }
        for line in code(&text) {
            for layer in LAYERS {
                assert!(
                    !line.contains(&format!("crate::{layer}")),
                    "{name} knows {layer}: {line}"
                );
            }
        }
    }
}

#[test]
fn only_the_axum_module_names_axum() {
    for (name, text) in sources() {
        if module(&name) == "axum" || name.ends_with("tests.rs") {
            continue;
        }
        for line in code(&text) {
            let foreign = line.replace("crate::axum::", "").replace("pub mod axum;", "");
            assert!(!foreign.contains("axum::"), "{name} names axum: {line}");
        }
    }
}

#[test]
fn imports_point_from_service_to_policy() {
    // Each may import those before it, never those after it.
    let order = ["policy", "error", "body", "future", "service", "layer"];
    for (name, text) in sources() {
        let Some(own) = Path::new(&name).file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        let Some(place) = order.iter().position(|file| *file == own) else {
            continue;
        };
        for line in code(&text) {
            for later in order
                .iter()
                .skip(place + 1)
                .filter(|_| own == "policy" || own == "error")
            {
                assert!(
                    !line.contains(&format!("super::{later}::")),
                    "{name} imports upwards: {line}"
                );
            }
        }
    }
}

#[test]
fn no_room_for_leftovers() {
    for (name, _) in sources() {
        for word in ["util", "utils", "common", "helpers", "misc"] {
            let leftover = Path::new(&name)
                .iter()
                .any(|part| part.to_string_lossy().trim_end_matches(".rs") == word);
            assert!(!leftover, "{name} is a room for leftovers");
        }
    }
}

#[test]
fn every_module_page_is_a_page() {
    for layer in LAYERS {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let folder: PathBuf = root.join(layer).join("mod.rs");
        let path = if folder.exists() {
            folder
        } else {
            root.join(format!("{layer}.rs"))
        };
        let text = fs::read_to_string(&path).unwrap();
        let page: String = text
            .lines()
            .filter(|line| line.starts_with("//!"))
            .collect::<Vec<_>>()
            .join("\n");
        for part in ["//! 1. ", "ost", "nside", "assert"] {
            assert!(page.contains(part), "{} has no `{part}` on its page", path.display());
        }
        assert!(
            page.matches("//! ```").count() >= 4,
            "{} needs a default and a customised example",
            path.display()
        );
    }
}

#[test]
fn readme_and_changelog_name_every_layer() {
    for (file, text) in [
        ("README.md", include_str!("../README.md")),
        ("CHANGELOG.md", include_str!("../CHANGELOG.md")),
        ("src/lib.rs", include_str!("../src/lib.rs")),
    ] {
        for layer in LAYERS {
            assert!(text.contains(&format!("`{layer}`")), "{file} does not name `{layer}`");
        }
    }
}

#[test]
fn the_quickstarts_are_in_the_readme() {
    for (name, text) in [
        ("axum_quickstart", include_str!("../examples/axum_quickstart.rs")),
        ("hyper_quickstart", include_str!("../examples/hyper_quickstart.rs")),
    ] {
        let code = text.find("\nuse ").map(|start| text[start..].trim()).unwrap();
        assert!(
            include_str!("../README.md").contains(code),
            "README shows another {name}"
        );
    }
}

#[test]
fn every_feature_is_in_the_readme() {
    let manifest = include_str!("../Cargo.toml");
    let features = manifest
        .split("[features]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    let names = features
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name);
    for name in names.filter(|name| *name != "default" && !name.starts_with('#')) {
        assert!(
            include_str!("../README.md").contains(&format!("`{name}`")),
            "README does not name `{name}`"
        );
    }
}
