//! One log record per request.
