//! All services on the board.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    network::{ADDRESSES, Network, NetworkMemory, StartError},
    services::{
        Files, FilesMemory, Http, HttpMemory, Ping, PingMemory, StoreMemory, Time, TimeMemory,
    },
};

const SOCKETS: usize =
    TimeMemory::SOCKETS + PingMemory::SOCKETS + FilesMemory::SOCKETS + HttpMemory::SOCKETS;

struct Memory {
    frames: FrameBuffers,
    network: NetworkMemory<'static, SOCKETS, 16>,
    time: TimeMemory,
    ping: PingMemory,
    store: StoreMemory,
    files: FilesMemory,
    http: HttpMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        network: NetworkMemory::new(),
        time: TimeMemory::new(),
        ping: PingMemory::new(),
        store: StoreMemory::new(),
        files: FilesMemory::new(),
        http: HttpMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, StartError> {
    let mut network =
        Network::new(lm3s6965evb::start(&mut memory.frames), &ADDRESSES, &mut memory.network)?;
    let mut time = Time::new(&mut network.stack, &mut memory.time)?;
    let mut ping = Ping::new(&mut network.stack, &mut memory.ping)?;
    let store = memory.store.open();
    let mut files = Files::new(&mut network.stack, store, &mut memory.files)?;
    let mut http = Http::new(&mut network.stack, store, &mut memory.http)?;
    network.run(&mut [&mut time, &mut ping, &mut files, &mut http])
}
