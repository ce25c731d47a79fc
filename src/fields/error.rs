use std::error::Error as StdError;
use std::fmt;

use http::StatusCode;

use crate::problem::Problem;

/// Members that are named in one refusal: more have been made up by the client.
const MOST: usize = 32;

/// Characters of a name, for the same reason.
const LONGEST: usize = 64;

/// Why a body may not be taken. See the [module page](crate::fields).
///
/// Its [source](StdError::source) is the problem that answers it, so that `?` in a handler does.
#[derive(Debug, Clone)]
pub struct Refusal {
    problem: Problem,
    members: Vec<String>,
}

impl Refusal {
    pub(super) fn malformed(error: &serde_json::Error) -> Self {
        // Of a parse that asks for no type, serde_json's messages are fixed and repeat nothing.
        Self {
            problem: Problem::new(StatusCode::BAD_REQUEST).with_detail(format!("the body is not JSON: {error}")),
            members: Vec::new(),
        }
    }

    /// The members that may not be set, as paths such as `author.email`, each once, the first 32; empty where the body is no
    /// JSON.
    pub fn members(&self) -> &[String] {
        &self.members
    }

    /// The answer: `403`, with the members in `detail` and `members`; `400` where the body is no JSON.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        refusal.problem
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body may not be taken")
    }
}

impl StdError for Refusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.problem)
    }
}

/// Members that may not be set, collected while a body is read.
#[derive(Debug, Default)]
pub(super) struct Found {
    members: Vec<String>,
    more: bool,
}

impl Found {
    /// Notes the member at `path`; an empty one is the body itself.
    pub(super) fn note(&mut self, path: &str) {
        // Names that are not ours may hold anything, and may be logged.
        let name: String = path.chars().take(LONGEST).flat_map(char::escape_debug).collect();
        if self.members.contains(&name) {
            return;
        }
        if self.members.len() == MOST {
            self.more = true;
        } else {
            self.members.push(name);
        }
    }

    pub(super) fn finish(self) -> Result<(), Refusal> {
        if self.members.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self
            .members
            .iter()
            .map(|name| if name.is_empty() { "the body as a whole" } else { name })
            .collect();
        let others = if self.more { " and others" } else { "" };
        let detail = format!("you may not set {}{others}", names.join(", "));
        Err(Refusal {
            problem: Problem::new(StatusCode::FORBIDDEN)
                .with_detail(detail)
                .with_member("members", &self.members),
            members: self.members,
        })
    }
}
