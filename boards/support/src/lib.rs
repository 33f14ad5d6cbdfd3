//! The code that boards with a Cortex-M core share. A port implements the rest:
//!
//! | a port implements | for |
//! |---|---|
//! | [`smoltcp::phy::Device`] and [`Ethernet`] | the Ethernet controller |
//! | [`Alarm`] | a one-shot timer that ends a sleep |
//! | [`Uart`] | the serial line for the log |
//!
//! and provides them, with its clock rate and the numbers of two interrupts, in a [`Board`], which
//! [`Runner`] runs.
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
