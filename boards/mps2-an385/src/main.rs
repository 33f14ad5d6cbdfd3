//! All services on the board.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use mps2_an385::FrameBuffers;
use support::{
    runner::{ADDRESSES, HOST, Runner, RunnerMemory, StartError},
    services::{ClientsMemory, FilesMemory, HttpMemory, PingMemory, StoreMemory, TimeMemory},
};

const SOCKETS: usize = TimeMemory::SOCKETS
    + PingMemory::SOCKETS
    + FilesMemory::SOCKETS
    + HttpMemory::SOCKETS
    + ClientsMemory::SOCKETS;

/// Whether files may be stored over HTTP by who has the token, which the log shows.
const IS_WRITABLE: bool = true;

struct Memory {
    frames: FrameBuffers,
    network: RunnerMemory<SOCKETS, 16>,
    time: TimeMemory,
    ping: PingMemory,
    store: StoreMemory,
    files: FilesMemory,
    http: HttpMemory,
    clients: ClientsMemory,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        network: RunnerMemory::new(),
        time: TimeMemory::new(),
        ping: PingMemory::new(),
        store: StoreMemory::new(),
        files: FilesMemory::new(),
        http: HttpMemory::new(),
        clients: ClientsMemory::new(),
    };
    let Err(error) = serve(MEMORY);
    mps2_an385::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, StartError> {
    let board = mps2_an385::start(&mut memory.frames);
    let mut network = Runner::new(board, &ADDRESSES, &mut memory.network);
    let services = &mut network.services;
    let store = memory.store.open();
    memory.time.start(services, HOST)?;
    memory.files.start(services, store)?;
    let ping = memory.ping.start(services)?;
    memory.http.start(services, store, Some(ping), IS_WRITABLE)?;
    memory.clients.start(services, HOST, store)?;
    network.run()
}
