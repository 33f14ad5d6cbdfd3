//! UART 0 (section 12), 115,200 baud, on pins PA0 and PA1.

use support::registers::Registers;

use crate::system_control::CLOCK_HZ;

// SAFETY: section 12.5, UART 0.
const UART: Registers = unsafe { Registers::at(0x4000_c000) };
const DATA: usize = 0x000;
const FLAGS: usize = 0x018;
const BAUD_INTEGER: usize = 0x024;
const BAUD_FRACTION: usize = 0x028;
const LINE_CONTROL: usize = 0x02c;
const CONTROL: usize = 0x030;

// SAFETY: section 8.5, GPIO port A.
const PORT_A: Registers = unsafe { Registers::at(0x4000_4000) };
const ALTERNATE_FUNCTION: usize = 0x420;
const DIGITAL_ENABLE: usize = 0x51c;
const PINS_0_AND_1: u32 = 3;

const TRANSMIT_FULL: u32 = 1 << 5;
const EIGHT_BITS_AND_FIFO: u32 = 3 << 5 | 1 << 4;
const ENABLE_BOTH_WAYS: u32 = 1 << 0 | 1 << 8 | 1 << 9;

/// The baud rate divisor in 64ths: clock rate / (16 × baud rate) × 64.
const DIVISOR: u32 = CLOCK_HZ * 4 / 115_200;

/// UART 0.
#[derive(Debug)]
pub struct Uart(());

impl Uart {
    /// Configures the pins and the line.
    pub fn start() -> Self {
        PORT_A.set(ALTERNATE_FUNCTION, PINS_0_AND_1);
        PORT_A.set(DIGITAL_ENABLE, PINS_0_AND_1);
        UART.write(CONTROL, 0);
        UART.write(BAUD_INTEGER, DIVISOR / 64);
        UART.write(BAUD_FRACTION, DIVISOR % 64);
        UART.write(LINE_CONTROL, EIGHT_BITS_AND_FIFO);
        UART.write(CONTROL, ENABLE_BOTH_WAYS);
        Self(())
    }
}

impl support::Uart for Uart {
    fn try_write(&mut self, byte: u8) -> bool {
        let room = UART.read(FLAGS) & TRANSMIT_FULL == 0;
        if room {
            UART.write(DATA, byte.into());
        }
        room
    }
}
