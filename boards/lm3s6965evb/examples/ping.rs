//! Firmware with UDP ping and echo only. `board size` measures what it adds to `bare`.
#![no_std]
#![no_main]

use core::convert::Infallible;

use bareserve::services::ping;
use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, Runner, RunnerMemory},
    services::{PingMemory, SetupError, TcpMemory, device::ECHO},
};

type Tcp = TcpMemory<ping::Tcp<ECHO>, 2, ECHO, ECHO>;

struct Memory {
    frames: FrameBuffers,
    runner: RunnerMemory<{ Tcp::SOCKETS + PingMemory::SOCKETS }, 16>,
    tcp: Tcp,
    ping: PingMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        runner: RunnerMemory::new(),
        tcp: Tcp::new(),
        ping: PingMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, SetupError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut runner = Runner::new(board, &ADDRESSES, &mut memory.runner);
    memory.tcp.start(&mut runner.services, ping::tcp())?;
    memory.ping.start(&mut runner.services)?;
    runner.run()
}
