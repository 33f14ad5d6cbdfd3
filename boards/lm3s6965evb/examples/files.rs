//! Firmware with file transfer only. `board size` measures what it adds to `bare`.
#![no_std]
#![no_main]

use core::convert::Infallible;

use bareserve::{services::files, store::read_only::ReadOnly};
use cortex_m_rt::entry;
use lm3s6965evb::FrameBuffers;
use support::{
    runner::{ADDRESSES, Runner, RunnerMemory},
    services::{
        SetupError, StoreMemory, TcpMemory,
        device::RX,
        store::{OFFERED, Store},
    },
};

type Files = TcpMemory<files::Tcp<'static, ReadOnly<Store>>, 4, RX, 512>;

struct Memory {
    frames: FrameBuffers,
    runner: RunnerMemory<{ Files::SOCKETS }, 16>,
    store: StoreMemory,
    files: Files,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        runner: RunnerMemory::new(),
        store: StoreMemory::new(),
        files: Files::new(),
    };
    let Err(error) = serve(MEMORY);
    lm3s6965evb::fail(error)
}

fn serve(memory: &'static mut Memory) -> Result<Infallible, SetupError> {
    let board = lm3s6965evb::start(&mut memory.frames);
    let mut runner = Runner::new(board, &ADDRESSES, &mut memory.runner);
    let store = memory.store.open();
    let files = files::tcp(files::PORTS, OFFERED, ReadOnly(store));
    memory.files.start(&mut runner.services, files)?;
    runner.run()
}
