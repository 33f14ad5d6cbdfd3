//! Only the time services: what they take, told by `board size`.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    network::{ADDRESSES, HOST, Network, NetworkMemory, StartError},
    services::TimeMemory,
};

struct Memory {
    frames: FrameBuffers,
    network: NetworkMemory<{ TimeMemory::SOCKETS }, 16>,
    time: TimeMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        network: NetworkMemory::new(),
        time: TimeMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, StartError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut network = Network::new(board, &ADDRESSES, &mut memory.network);
    memory.time.start(&mut network.services, HOST)?;
    network.run()
}
