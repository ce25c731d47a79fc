use crate::process::{Process, ask};
use crate::stand_in::StandIn;

#[test]
fn an_unexpected_error_is_reported_once_with_its_request() {
    let sentry = StandIn::start();
    let dsn = format!("http://key@{}/7", sentry.address);
    let mut blog = Process::start(&[("SENTRY_DSN", &dsn)]);
    let headers = "x-request-id: 01a210a5-511d-711c-b2de-b1fc2195342d\r\ncookie: session=secret-of-the-caller\r\n";
    let (_, problem) = ask(blog.address, "GET", "/api/v1/demo/error", headers, "");
    let id = problem
        .split("\"request_id\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    // The client's faults are nobody's here.
    ask(blog.address, "GET", "/api/v1/nowhere", "", "");
    assert!(blog.stop().success());

    let received = sentry.received();
    let events: Vec<_> = received
        .iter()
        .filter(|request| request.path == "/api/7/envelope/")
        .map(|request| String::from_utf8_lossy(&request.body).into_owned())
        .filter(|envelope| envelope.contains("\"type\":\"event\""))
        .collect();
    assert_eq!(events.len(), 1, "{received:?}");
    assert!(events[0].contains(&id), "{}", events[0]);
    assert!(events[0].contains("No such file"), "{}", events[0]);
    assert!(!events[0].contains("secret-of-the-caller"), "{}", events[0]);
}
