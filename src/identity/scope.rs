/// Whether the text can be a scope, by RFC 6749 section 3.3: visible ASCII without quotes and backslashes.
pub(crate) fn is_scope(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    !text.is_empty() && text.bytes().all(plain)
}
