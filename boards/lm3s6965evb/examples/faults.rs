//! A board that fails when it is told to, for the acceptance suite.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, Runner, RunnerMemory, StartError},
    services::faults::FaultsMemory,
};

struct Memory {
    frames: FrameBuffers,
    network: RunnerMemory<{ FaultsMemory::SOCKETS }, 16>,
    faults: FaultsMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        network: RunnerMemory::new(),
        faults: FaultsMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, StartError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut network = Runner::new(board, &ADDRESSES, &mut memory.network);
    memory.faults.start(&mut network.services)?;
    network.run()
}
