//! Titles and texts, at random, from a few words.

use fastrand::Rng;

/// What posts are tagged with.
pub(super) const TAGS: [&str; 24] = [
    "architecture",
    "async",
    "caching",
    "databases",
    "debugging",
    "deployment",
    "errors",
    "http",
    "indexes",
    "logging",
    "metrics",
    "migrations",
    "networking",
    "observability",
    "passwords",
    "performance",
    "postgres",
    "rust",
    "security",
    "sessions",
    "sqlite",
    "testing",
    "tower",
    "transactions",
];

const WORDS: [&str; 64] = [
    "answer", "archive", "bridge", "caller", "castle", "chain", "clock", "column", "copy", "courier", "deadline",
    "door", "empty", "evening", "fault", "field", "first", "garden", "gate", "guard", "harbour", "index", "keeper",
    "key", "ladder", "last", "layer", "letter", "limit", "lock", "lost", "market", "memory", "message", "morning",
    "narrow", "night", "old", "open", "order", "page", "patient", "pool", "quiet", "reader", "record", "request",
    "river", "road", "row", "second", "shadow", "signal", "slow", "stone", "table", "token", "tower", "trail", "wall",
    "watch", "window", "writer", "year",
];

/// Some words, the first with a capital.
pub(super) fn phrase(rng: &mut Rng, words: std::ops::Range<usize>) -> String {
    let mut phrase = String::new();
    for _ in 0..rng.usize(words) {
        let word = rng.choice(WORDS).unwrap_or_default();
        if !phrase.is_empty() {
            phrase.push(' ');
        }
        phrase.push_str(word);
    }
    if let Some(first) = phrase.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    phrase
}

/// Some sentences.
pub(super) fn text(rng: &mut Rng, sentences: std::ops::Range<usize>) -> String {
    let mut text = String::new();
    for _ in 0..rng.usize(sentences) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&phrase(rng, 5..14));
        text.push('.');
    }
    text
}
