/// A title as a path segment: lower-case letters and digits, words joined by `-`, at most 80 characters.
pub fn slug(title: &str) -> String {
    let mut slug = String::new();
    for word in title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if slug.chars().count() + word.chars().count() >= 80 {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().flat_map(char::to_lowercase));
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
    }
}
