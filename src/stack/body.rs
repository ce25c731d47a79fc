use crate::{catch_error, request_log, shutdown, throttle};

/// The body of an answer from a [`Gate`](super::Gate), wrapped by those layers that see its end.
pub type ResponseBody<B> =
    request_log::ResponseBody<catch_error::ResponseBody<shutdown::ResponseBody<throttle::ResponseBody<B>>>>;
