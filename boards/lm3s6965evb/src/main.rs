//! All services on the board.
#![no_std]
#![no_main]

use core::convert::Infallible;

use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    network::{ADDRESSES, HOST, Network, NetworkMemory, StartError},
    services::{
        Files, FilesMemory, Http, HttpMemory, Others, Ping, PingMemory, StoreMemory, Time,
        TimeMemory,
    },
};

const SOCKETS: usize =
    TimeMemory::SOCKETS + PingMemory::SOCKETS + FilesMemory::SOCKETS + HttpMemory::SOCKETS;

/// Whether files may be stored over HTTP by who has the token, which the log shows.
const IS_WRITABLE: bool = true;

/// Whether they may be stored over port 5567 too, where no token is asked for.
const IS_OPEN: bool = false;

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
        Network::new(lm3s6965evb::start(&mut memory.frames), &ADDRESSES, &mut memory.network);
    let time = Time::new(&mut network.stack, HOST, &mut memory.time)?;
    let ping = Ping::new(&mut network.stack, &mut memory.ping)?;
    let store = memory.store.open();
    let files = Files::new(&mut network.stack, store, IS_OPEN, &mut memory.files)?;
    let others = Others {
        entries: &[&time.entries(), &files.entries(), &ping.entries()],
        ping: Some(ping.ping()),
        backlog: network.backlog(),
        token: IS_WRITABLE.then(|| network.token()),
    };
    let http = Http::new(&mut network.stack, store, &others, &mut memory.http)?;
    network.run(&mut [time, ping, files, http])
}
