//! A listen queue for a stack that has none.

pub mod filter;
pub mod queue;
pub mod syn;
pub mod tx_monitor;
