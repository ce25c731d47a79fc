//! Tags as the API takes and shows them.

use sea_orm::FromQueryResult;
use serde::Serialize;

use crate::validation::Faults;

/// Characters of a tag, as the column has it.
const NAME: usize = 40;
/// Tags of one post.
pub(crate) const MOST: usize = 10;

/// A tag, with the number of posts that the caller may see.
#[derive(Debug, Clone, FromQueryResult, Serialize)]
pub(crate) struct TagView {
    name: String,
    posts: i64,
}

/// The tags of a post as they are stored: trimmed, lower-cased, each once, in the order of the alphabet.
pub(crate) fn names(faults: &mut Faults, tags: &[String]) -> Vec<String> {
    let mut names: Vec<String> = tags.iter().map(|tag| name(tag)).collect();
    names.sort();
    names.dedup();
    if names.len() > MOST {
        faults.add("tags", format!("must be at most {MOST}"));
    }
    for name in &names {
        // A comma stands between tags in a query.
        if name.is_empty() || name.contains(',') || name.chars().any(char::is_control) || name.chars().count() > NAME {
            faults.add(
                "tags",
                format!("must each have 1 to {NAME} characters, without commas or control characters"),
            );
            break;
        }
    }
    names
}

/// One tag in the form that it is stored in.
pub(crate) fn name(tag: &str) -> String {
    tag.trim().to_lowercase()
}
