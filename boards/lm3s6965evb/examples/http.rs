//! Firmware with the web server only. `board size` measures what it adds to `bare`.
#![no_std]
#![no_main]

use core::convert::Infallible;

use bareserve::{http::WriteAccess, services::web};
use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, Runner, RunnerMemory},
    services::{
        SetupError, StoreMemory, TcpMemory,
        device::{Application, HTTP_BUFFER, RX, TX, WEB_CONNECTIONS, web_server},
    },
};

type Http = TcpMemory<web::Tcp<Application, HTTP_BUFFER>, WEB_CONNECTIONS, RX, TX>;

struct Memory {
    frames: FrameBuffers,
    runner: RunnerMemory<{ Http::SOCKETS }, 16>,
    store: StoreMemory,
    http: Http,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        runner: RunnerMemory::new(),
        store: StoreMemory::new(),
        http: Http::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, SetupError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut runner = Runner::new(board, &ADDRESSES, &mut memory.runner);
    let store = memory.store.open();
    let server = web_server(store, None, WriteAccess::DENIED);
    memory.http.start(&mut runner.services, web::tcp(&web::PORTS, server))?;
    runner.run()
}
