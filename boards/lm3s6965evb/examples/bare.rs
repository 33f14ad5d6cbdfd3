//! Firmware without services, which answers ICMP echo only. The baseline of `board size`.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, Runner, RunnerMemory},
    services::SetupError,
};

struct Memory {
    frames: FrameBuffers,
    runner: RunnerMemory<1, 16>,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory { frames: FrameBuffers::new(), runner: RunnerMemory::new() };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, SetupError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut runner = Runner::new(board, &ADDRESSES, &mut memory.runner);
    runner.run()
}
