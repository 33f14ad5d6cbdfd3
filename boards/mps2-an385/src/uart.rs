//! CMSDK UART 0, 115,200 baud.

use support::registers::Registers;

use crate::clock::CLOCK_HZ;

// SAFETY: Application Note AN385, table 3-6: UART 0.
const UART: Registers = unsafe { Registers::at(0x4000_4000) };
const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CONTROL: usize = 0x08;
const BAUD_DIVIDER: usize = 0x10;

const TRANSMIT_FULL: u32 = 1 << 0;
const TRANSMIT_ENABLE: u32 = 1 << 0;

/// UART 0.
#[derive(Debug)]
pub struct Uart(());

impl Uart {
    /// Configures the line.
    pub fn start() -> Self {
        UART.write(BAUD_DIVIDER, CLOCK_HZ / 115_200);
        UART.write(CONTROL, TRANSMIT_ENABLE);
        Self(())
    }
}

impl support::Uart for Uart {
    fn try_write(&mut self, byte: u8) -> bool {
        let room = UART.read(STATE) & TRANSMIT_FULL == 0;
        if room {
            UART.write(DATA, byte.into());
        }
        room
    }
}
