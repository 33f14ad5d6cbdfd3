//! Firmware that fails on request, for the acceptance suite.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, Runner, RunnerMemory},
    services::{SetupError, faults::FaultsMemory},
};

struct Memory {
    frames: FrameBuffers,
    runner: RunnerMemory<{ FaultsMemory::SOCKETS }, 16>,
    faults: FaultsMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        runner: RunnerMemory::new(),
        faults: FaultsMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, SetupError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut runner = Runner::new(board, &ADDRESSES, &mut memory.runner);
    memory.faults.start(&mut runner.services)?;
    runner.run()
}
