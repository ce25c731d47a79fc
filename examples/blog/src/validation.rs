//! Every fault of a request's fields in one answer.

use std::collections::BTreeMap;

use http::StatusCode;
use portcullis::Problem;

/// The faults found so far, by field.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    errors: BTreeMap<&'static str, Vec<String>>,
}

impl Faults {
    pub(crate) fn add(&mut self, field: &'static str, reason: impl Into<String>) {
        self.errors.entry(field).or_default().push(reason.into());
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
    use super::is_email;

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
}
