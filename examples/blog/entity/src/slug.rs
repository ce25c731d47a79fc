/// A title as a path segment: lower-case letters and digits, words joined by `-`, at most 80 characters.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for word in title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        // Counted in lower case, where `İ` is two characters.
        let word = word.to_lowercase();
        if slug.chars().count() + word.chars().count() >= 80 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word);
    }
    if slug.is_empty() { "post".into() } else { slug }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn titles_become_slugs() {
        assert_eq!(slug("Hello,  World!"), "hello-world");
        assert_eq!(slug("Über Rust 2"), "über-rust-2");
        assert_eq!(slug("!!!"), "post");
        assert!(slug(&"word ".repeat(100)).len() <= 80);
        // In lower case it has two characters.
        assert!(slug(&"İ ".repeat(100)).chars().count() <= 80);
        assert!(slug(&"İ".repeat(79)).chars().count() <= 80);
    }
}
