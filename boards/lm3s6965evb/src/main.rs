//! All services on the board.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, HOST, Runner, RunnerMemory},
    services::{DeviceMemory, SetupError},
};

/// Whether files may be stored over HTTP with the token, which the log shows.
const IS_WRITABLE: bool = true;

struct Memory {
    frames: FrameBuffers,
    runner: RunnerMemory<{ DeviceMemory::SOCKETS }, 16>,
    device: DeviceMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        runner: RunnerMemory::new(),
        device: DeviceMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, SetupError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut runner = Runner::new(board, &ADDRESSES, &mut memory.runner);
    memory.device.start(&mut runner.services, HOST, IS_WRITABLE)?;
    runner.run()
}
