//! What a board with a Cortex-M shares with every other such board. A port brings the rest:
//!
//! | a port implements | for |
//! |---|---|
//! | [`smoltcp::phy::Device`] and [`Ethernet`] | its Ethernet controller |
//! | [`Alarm`] | a one-shot timer that ends a sleep |
//! | [`Uart`] | where the log goes |
//!
//! and names its clock rate and the numbers of two interrupts in a [`Board`]. [`Runner`] does the
//! rest.
#![no_std]

pub mod board;
pub mod division;
pub mod entropy;
pub mod log;
mod memory;
pub mod panic;
pub mod registers;
pub mod runner;
pub mod services;
pub mod sleep;
pub mod stack_usage;
pub mod static_cell;
pub mod systick;
pub mod watchdog;

pub use board::{Alarm, Board, Ethernet, Uart};
pub use runner::Runner;
