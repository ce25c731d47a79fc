//! Quotas per caller.
