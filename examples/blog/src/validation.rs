//! Every fault of a request's fields in one answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use http::{StatusCode, Uri};
use portcullis::Problem;

/// The faults found so far, by field.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    errors: BTreeMap<Cow<'static, str>, Vec<String>>,
}

impl Faults {
    pub(crate) fn add(&mut self, field: &'static str, reason: impl Into<String>) {
        self.errors.entry(field.into()).or_default().push(reason.into());
    }

    /// Takes over the faults of a part: those of its field `title` become those of `3.title`, where the part is 3.
    pub(crate) fn within(&mut self, part: impl fmt::Display, faults: Self) {
        let named = faults.errors.into_iter();
        self.errors
            .extend(named.map(|(field, reasons)| (Cow::Owned(format!("{part}.{field}")), reasons)));
    }

    /// A fault of a part as a whole.
    pub(crate) fn whole(&mut self, part: impl fmt::Display, reason: impl Into<String>) {
        self.errors
            .entry(Cow::Owned(part.to_string()))
            .or_default()
            .push(reason.into());
    }

    /// One of these words.
    pub(crate) fn one_of(&mut self, field: &'static str, value: &str, words: &[&'static str]) -> &'static str {
        let known = words.iter().find(|word| **word == value);
        known.copied().unwrap_or_else(|| {
            self.add(field, format!("must be one of {}", words.join(", ")));
            ""
        })
    }

    /// An address of the web, of at most `max` characters.
    pub(crate) fn website(&mut self, field: &'static str, value: &str, max: usize) -> String {
        let parsed: Option<Uri> = value.parse().ok();
        let web = parsed.is_some_and(|uri| {
            // A name before the host could make another host of what the reader sees.
            let plain = uri.authority().is_some_and(|host| !host.as_str().contains('@'));
            plain && matches!(uri.scheme_str(), Some("http" | "https"))
        });
        if !web || value.len() > max {
            self.add(
                field,
                format!("must be an http or https address of at most {max} characters"),
            );
        }
        value.to_owned()
    }

    /// A day, such as `1960-02-29`, that all databases can keep.
    pub(crate) fn day(&mut self, field: &'static str, value: &str) -> Option<NaiveDate> {
        let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok();
        // The parser takes `1960-2-9` and signs, too.
        let day = day.filter(|day| value.len() == 10 && (1900..=2100).contains(&day.year()));
        if day.is_none() {
            self.add(field, "must be a day such as 1960-02-29, from 1900 to 2100");
        }
        day
    }

    /// A text of one line, trimmed, of `min` to `max` characters.
    pub(crate) fn line(&mut self, field: &'static str, value: Option<&str>, min: usize, max: usize) -> String {
        let text = self.required(field, value).trim();
        if text.chars().any(char::is_control) {
            self.add(field, "must not contain control characters");
        } else {
            self.length(field, value, text, min, max);
        }
        text.to_owned()
    }

    /// A text of many lines, of `min` to `max` characters, kept as it is.
    pub(crate) fn text(&mut self, field: &'static str, value: Option<&str>, min: usize, max: usize) -> String {
        let text = self.required(field, value);
        if text.contains('\0') {
            self.add(field, "must not contain NUL");
        } else if !text.is_empty() && text.trim().is_empty() {
            self.add(field, "must not be blank");
        } else {
            self.length(field, value, text, min, max);
        }
        text.to_owned()
    }

    /// An email address, lower-cased.
    pub(crate) fn email(&mut self, field: &'static str, value: Option<&str>) -> String {
        let email = self.required(field, value).trim().to_lowercase();
        if value.is_some() && !is_email(&email) {
            self.add(field, "must be an email address of at most 254 characters");
        }
        email
    }

    /// A new password: 8 to 128 characters of any kind, taken as it is (OWASP ASVS 6.2).
    pub(crate) fn password(&mut self, field: &'static str, value: Option<&str>) -> String {
        let password = self.required(field, value);
        if password.contains('\0') {
            self.add(field, "must not contain NUL");
        }
        self.length(field, value, password, 8, 128);
        password.to_owned()
    }

    /// The problem `422` with the member `errors`, where there is a fault.
    pub(crate) fn finish(self) -> portcullis::Result<()> {
        if self.errors.is_empty() {
            return Ok(());
        }
        Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY)
            .with_detail("some fields are not valid")
            .with_member("errors", self.errors)
            .into())
    }

    fn required<'a>(&mut self, field: &'static str, value: Option<&'a str>) -> &'a str {
        if value.is_none() {
            self.add(field, "is required");
        }
        value.unwrap_or_default()
    }

    fn length(&mut self, field: &'static str, given: Option<&str>, text: &str, min: usize, max: usize) {
        let count = text.chars().count();
        if given.is_some() && !(min..=max).contains(&count) {
            self.add(field, format!("must have {min} to {max} characters"));
        }
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    text.len() <= 254
        && plain(local)
        && plain(domain)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Faults, is_email};

    #[test]
    fn emails() {
        let check = |text: &str, expect: bool| assert_eq!(is_email(text), expect, "{text:?}");
        check("ada@example.com", true);
        check("ada.l+x@mail.example.org", true);
        check("ada", false);
        check("@example.com", false);
        check("ada@", false);
        check("ada@example", false);
        check("a@b@example.com", false);
        check("ada@example..com", false);
        check("ada\0@example.com", false);
        check(&format!("{}@example.com", "a".repeat(250)), false);
    }

    #[test]
    fn websites() {
        let check = |text: &str, expect: bool| {
            let mut faults = Faults::default();
            faults.website("website", text, 200);
            assert_eq!(faults.finish().is_ok(), expect, "{text:?}");
        };
        check("https://example.com", true);
        check("http://example.com:8080/a?b=c", true);
        check("HTTPS://example.com/", true);
        check("javascript:alert(1)", false);
        check("data:text/html,x", false);
        check("ftp://example.com", false);
        check("//example.com", false);
        check("example.com", false);
        check("https://", false);
        check("https://example.com@evil.example/", false);
        check("https://example.com/\n", false);
        check("https://example.com/<script>", false);
        check("", false);
        check(&format!("https://example.com/{}", "a".repeat(200)), false);
    }

    #[test]
    fn days() {
        let check = |text: &str, expect: bool| {
            let day = Faults::default().day("birthday", text);
            assert_eq!(
                day.map(|day| day.to_string()),
                expect.then(|| text.to_owned()),
                "{text:?}"
            );
        };
        check("1960-02-29", true);
        check("2040-12-31", true);
        check("1961-02-29", false);
        check("1899-12-31", false);
        check("2101-01-01", false);
        check("0000-00-00", false);
        check("1960-2-29", false);
        check("+960-02-29", false);
        check("1960-02-29T00:00:00", false);
        check("", false);
    }
}
