//! What each role may do. A token carries the outcome, so that a change counts from the next refresh on.

/// The permissions of a role; none for one that nobody knows.
pub(super) fn permissions(role: &str) -> &'static [&'static str] {
    match role {
        "admin" | "editor" => &["posts:write", "comments:write"],
        "reader" => &["comments:write"],
        _ => &[],
    }
}
