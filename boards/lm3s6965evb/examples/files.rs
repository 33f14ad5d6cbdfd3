//! Only file transfer: what it takes, told by `board size`.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    network::{ADDRESSES, Network, NetworkMemory, StartError},
    services::{Files, FilesMemory, StoreMemory},
};

struct Memory {
    frames: FrameBuffers,
    network: NetworkMemory<'static, { FilesMemory::SOCKETS }, 16>,
    store: StoreMemory,
    files: FilesMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        network: NetworkMemory::new(),
        store: StoreMemory::new(),
        files: FilesMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, StartError> {
    let mut network =
        Network::new(lm3s6965evb::start(&mut memory.frames), &ADDRESSES, &mut memory.network);
    let store = memory.store.open();
    let files = Files::new(&mut network.stack, store, false, &mut memory.files)?;
    network.run(&mut [files])
}
