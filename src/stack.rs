//! Every layer in the one right order.
