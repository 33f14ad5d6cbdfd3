//! Only file transfer: what it takes, told by `board size`.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, Runner, RunnerMemory, StartError},
    services::{FilesMemory, StoreMemory},
};

struct Memory {
    frames: FrameBuffers,
    network: RunnerMemory<{ FilesMemory::SOCKETS }, 16>,
    store: StoreMemory,
    files: FilesMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        network: RunnerMemory::new(),
        store: StoreMemory::new(),
        files: FilesMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, StartError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut network = Runner::new(board, &ADDRESSES, &mut memory.network);
    let store = memory.store.open();
    memory.files.start(&mut network.services, store)?;
    network.run()
}
