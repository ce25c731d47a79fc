//! Good tokens, sent in every way that there is and some that there are not.

use super::gate::{Case, Expect};
use super::signer::Signer;

pub(crate) fn cases(signer: &Signer) -> Vec<Case> {
    let good = signer.good();
    let value = |value: &str| format!("authorization: {value}").into_bytes();
    let mut cases = Vec::new();
    let mut case = |name: &str, lines: &[&[u8]], expect| cases.push(Case::with_lines(name, lines, expect));

    case("no line", &[], Expect::NoCredentials);
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        case(scheme, &[&value(&format!("{scheme} {good}"))], Expect::Claims);
    }
    for name in ["Authorization", "AUTHORIZATION"] {
        let line = format!("{name}: Bearer {good}");
        case(name, &[line.as_bytes()], Expect::Claims);
    }
    // RFC 9110 section 5.5: white space around a value is not part of it.
    case("spaces after", &[&value(&format!("Bearer {good}   "))], Expect::Claims);
    case("a tab after", &[&value(&format!("Bearer {good}\t"))], Expect::Claims);
    case("spaces before", &[&value(&format!("   Bearer {good}"))], Expect::Claims);
    case("a tab before", &[&value(&format!("\tBearer {good}"))], Expect::Claims);
    case(
        "no space before",
        &[format!("authorization:Bearer {good}").as_bytes()],
        Expect::Claims,
    );
    // Section 11.4: one or more spaces.
    case(
        "many spaces between",
        &[&value(&format!("Bearer    {good}"))],
        Expect::Claims,
    );
    cases.extend(malformed(&good));
    cases.extend(elsewhere(&good));
    cases.extend(no_http(&good));
    cases.extend(asked(&good));
    cases
}

/// What is by no grammar.
fn malformed(good: &str) -> Vec<Case> {
    let value = |value: &str| format!("authorization: {value}").into_bytes();
    let bearer = value(&format!("Bearer {good}"));
    let mut cases = Vec::new();
    let mut case = |name: &str, lines: &[&[u8]], expect| cases.push(Case::with_lines(name, lines, expect));
    for (name, line) in [
        ("a tab between", format!("Bearer\t{good}")),
        ("a space and a tab between", format!("Bearer \t{good}")),
        ("nothing after the scheme", "Bearer".to_owned()),
        ("spaces after the scheme", "Bearer   ".to_owned()),
        ("a tab after the scheme", "Bearer\t".to_owned()),
        ("padding alone", "Bearer ==".to_owned()),
        ("a comma alone", "Bearer ,".to_owned()),
        ("two tokens", format!("Bearer {good} {good}")),
        ("two in a list", format!("Bearer {good}, Bearer {good}")),
        ("two in a list without spaces", format!("Bearer {good},Bearer {good}")),
        ("another scheme in a list", format!("Bearer {good}, Basic YTpi")),
        ("a parameter", format!("Bearer token={good}")),
        ("a quoted parameter", format!("Bearer token=\"{good}\"")),
        ("the scheme twice", format!("Bearer Bearer {good}")),
        ("an empty value", String::new()),
        ("spaces alone", "   ".to_owned()),
        ("a colon", format!("Bearer : {good}")),
        ("no ASCII", format!("Bearer {good}é")),
        ("no ASCII within", format!("Bearer ключ{good}")),
    ] {
        case(name, &[&value(&line)], Expect::Malformed);
    }
    case("no UTF-8", &[&[bearer.as_slice(), b"\xff"].concat()], Expect::Malformed);
    case("Latin-1", &[&[bearer.as_slice(), b"\xe9"].concat()], Expect::Malformed);
    cases
}

/// What is for somebody else, or stands where nobody looks.
fn elsewhere(good: &str) -> Vec<Case> {
    let value = |value: &str| format!("authorization: {value}").into_bytes();
    let bearer = value(&format!("Bearer {good}"));
    let mut cases = Vec::new();
    let mut case = |name: &str, lines: &[&[u8]], expect| cases.push(Case::with_lines(name, lines, expect));
    // What is not for us is nothing.
    for line in [
        "Basic YTpi".to_owned(),
        format!("Token {good}"),
        format!("JWT {good}"),
        format!("DPoP {good}"),
        format!("Bearer{good}"),
        format!("Bearer:{good}"),
        format!("Bearer: {good}"),
        format!("\"Bearer\" {good}"),
        format!("Basic YTpi, Bearer {good}"),
        "Digest username=\"a\", realm=\"b\"".to_owned(),
        good.to_owned(),
    ] {
        let name = line.get(..12).unwrap_or(&line).to_owned();
        case(&name, &[&value(&line)], Expect::NoCredentials);
    }
    case("two lines", &[&bearer, &bearer], Expect::Several);
    case(
        "two lines, one of another scheme",
        &[&bearer, b"authorization: Basic YTpi"],
        Expect::Several,
    );
    case(
        "two lines, another scheme first",
        &[b"authorization: Basic YTpi", &bearer],
        Expect::Several,
    );
    case("two lines, one empty", &[&bearer, b"authorization:"], Expect::Several);
    case(
        "two lines, of other cases",
        &[&bearer, &[b"AUTHORIZATION", &bearer[13..]].concat()],
        Expect::Several,
    );

    // Neither cookies nor headers of another name are read.
    let cookie = format!("cookie: token={good}; access_token={good}; __Host-token={good}");
    case("a cookie", &[cookie.as_bytes()], Expect::NoCredentials);
    case("a cookie and a header", &[cookie.as_bytes(), &bearer], Expect::Claims);
    case(
        "a bad cookie and a header",
        &[b"cookie: token=x; ; =; \xff", &bearer],
        Expect::Claims,
    );
    for name in [
        "x-authorization",
        "proxy-authorization",
        "x-access-token",
        "authorization2",
        "x-forwarded-authorization",
    ] {
        let line = format!("{name}: Bearer {good}");
        case(name, &[line.as_bytes()], Expect::NoCredentials);
    }
    cases
}

/// What is not HTTP is not for a gate to answer; and what is too long.
fn no_http(good: &str) -> Vec<Case> {
    let value = |value: &str| format!("authorization: {value}").into_bytes();
    let bearer = value(&format!("Bearer {good}"));
    let mut cases = Vec::new();
    let mut case = |name: &str, lines: &[&[u8]], expect| cases.push(Case::with_lines(name, lines, expect));
    case(
        "a space before the colon",
        &[format!("authorization : Bearer {good}").as_bytes()],
        Expect::NoHttp(400),
    );
    case(
        "a folded line",
        &[b"authorization: Bearer", format!(" {good}").as_bytes()],
        Expect::NoHttp(400),
    );
    case("a NUL", &[&[bearer.as_slice(), b"\0"].concat()], Expect::NoHttp(400));
    case(
        "a lone carriage return",
        &[&[bearer.as_slice(), b"\rx"].concat()],
        Expect::NoHttp(400),
    );
    case(
        "70 KiB",
        &[&value(&format!("Bearer {}", "A".repeat(70 * 1024)))],
        Expect::NoHttp(431),
    );
    case(
        "64 KiB less a few",
        &[&value(&format!("Bearer {}", "A".repeat(60 * 1024)))],
        Expect::Invalid,
    );
    case(
        "60 KiB of what is no token",
        &[&value(&format!("Bearer {}", ",".repeat(60 * 1024)))],
        Expect::Malformed,
    );
    cases
}

/// Whatever else a request may hold.
fn asked(good: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let asked = |name: &str, first: &str, lines: &str, body: &str, expect| Case {
        name: name.to_owned(),
        head: format!("{first}\r\nhost: gate\r\nconnection: close\r\n{lines}").into_bytes(),
        body: body.as_bytes().to_vec(),
        expect,
    };
    let authorization = format!("authorization: Bearer {good}\r\n");
    let query = format!("GET /?access_token={good}&token={good} HTTP/1.1");
    cases.push(asked("in the query", &query, "", "", Expect::NoCredentials));
    cases.push(asked(
        "in the query and a header",
        &query,
        &authorization,
        "",
        Expect::Claims,
    ));
    let form = format!("access_token={good}");
    let lines = format!(
        "content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
        form.len()
    );
    cases.push(asked(
        "in a form",
        "POST / HTTP/1.1",
        &lines,
        &form,
        Expect::NoCredentials,
    ));
    let trailers = format!("0\r\nauthorization: Bearer {good}\r\n\r\n");
    let chunked = "transfer-encoding: chunked\r\ntrailer: authorization\r\n";
    cases.push(asked(
        "in a trailer",
        "POST / HTTP/1.1",
        chunked,
        &trailers,
        Expect::NoCredentials,
    ));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"] {
        cases.push(asked(
            method,
            &format!("{method} / HTTP/1.1"),
            "",
            "",
            Expect::NoCredentials,
        ));
        cases.push(asked(
            method,
            &format!("{method} / HTTP/1.1"),
            &authorization,
            "",
            Expect::Claims,
        ));
    }
    cases.push(asked(
        "the whole URI",
        "GET http://gate/ HTTP/1.1",
        &authorization,
        "",
        Expect::Claims,
    ));
    cases.push(asked(
        "a path",
        "GET /../../etc/passwd HTTP/1.1",
        "",
        "",
        Expect::NoCredentials,
    ));
    cases
}
