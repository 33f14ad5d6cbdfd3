//! Firmware with the time services only. `board size` measures what it adds to `bare`.
#![no_std]
#![no_main]

use core::convert::Infallible;

use bareserve::{services::time, time::timestamp};
use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, HOST, Runner, RunnerMemory},
    services::{SetupError, TcpMemory, TimeMemory},
};

type Tcp = TcpMemory<time::Tcp, 4, 16, 64>;

struct Memory {
    frames: FrameBuffers,
    runner: RunnerMemory<{ Tcp::SOCKETS + TimeMemory::SOCKETS }, 16>,
    tcp: Tcp,
    time: TimeMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        runner: RunnerMemory::new(),
        tcp: Tcp::new(),
        time: TimeMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, SetupError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut runner = Runner::new(board, &ADDRESSES, &mut memory.runner);
    memory.tcp.start(&mut runner.services, time::tcp(timestamp::PORT))?;
    memory.time.start(&mut runner.services, HOST)?;
    runner.run()
}
