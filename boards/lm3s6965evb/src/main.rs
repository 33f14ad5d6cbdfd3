//! All services on the board.
#![no_std]
#![no_main]

use core::{convert::Infallible, panic::PanicInfo};

use bareserve::resources::{StackResources, UdpResources};
use cortex_m_rt::entry;
use lm3s6965evb::{ethernet::FrameBuffers, uart::Uart};
use smoltcp::wire::{IpAddress, IpCidr};
use support::Network;

/// On the emulator's TAP, and in its user network.
const ADDRESSES: [IpCidr; 2] = [
    IpCidr::new(IpAddress::v4(192, 168, 69, 1), 24),
    IpCidr::new(IpAddress::v4(10, 0, 2, 15), 24),
];

struct Memory {
    frames: FrameBuffers,
    stack: StackResources<'static, 4, 16>,
    echo: UdpResources<4, 1472>,
}

#[entry]
fn main() -> ! {
    static mut MEMORY: Memory = Memory {
        frames: FrameBuffers::new(),
        stack: StackResources::new(),
        echo: UdpResources::new(),
    };
    let Memory { frames, stack, echo } = MEMORY;
    let board = lm3s6965evb::start(frames);
    let network = Network::new(board, &ADDRESSES, stack.split());
    let _ = echo;
    let Ok(mut network) = network else { support::panic::fail("no clock", &mut Uart::start()) };
    network.run(&mut [])
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    support::panic::reset(info, &mut Uart::start())
}
