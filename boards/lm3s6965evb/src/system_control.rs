//! Clocks (section 5).

use support::registers::Registers;

// SAFETY: section 5.4, system control.
const SYSTEM: Registers = unsafe { Registers::at(0x400f_e000) };
const RAW_INTERRUPT_STATUS: usize = 0x050;
const RUN_MODE_CLOCK: usize = 0x060;
const CLOCK_GATES: [usize; 3] = [0x100, 0x104, 0x108];

/// The core's clock, which all peripherals share.
pub const CLOCK_HZ: u32 = 12_500_000;

/// The main oscillator's 8 MHz crystal into the PLL, its 200 MHz divided by 16: see
/// [`CLOCK_HZ`]. BYPASS is set until the PLL has locked.
const DIVIDE_BY_16: u32 = 0xf << 23 | 1 << 22;
const BYPASS: u32 = 1 << 11;
const CRYSTAL_8_MHZ: u32 = 0xe << 6;
const PLL_LOCKED: u32 = 1 << 6;

/// Reads of the status while waiting for the PLL to lock, which takes half a millisecond.
const PLL_LOCK_READS: u32 = 100_000;

const WATCHDOG: u32 = 1 << 3;
const UART0: u32 = 1 << 0;
const TIMER0: u32 = 1 << 16;
const GPIO_A: u32 = 1 << 0;
const GPIO_F: u32 = 1 << 5;
const ETHERNET_MAC_PHY: u32 = 1 << 28 | 1 << 30;

/// Sets the core clock and enables the clocks of the peripherals in use.
pub fn start() {
    SYSTEM.write(RUN_MODE_CLOCK, DIVIDE_BY_16 | BYPASS | CRYSTAL_8_MHZ);
    let locked = (0..PLL_LOCK_READS).any(|_| SYSTEM.read(RAW_INTERRUPT_STATUS) & PLL_LOCKED != 0);
    if locked {
        SYSTEM.write(RUN_MODE_CLOCK, DIVIDE_BY_16 | CRYSTAL_8_MHZ);
    }
    let gates = [WATCHDOG, UART0 | TIMER0, GPIO_A | GPIO_F | ETHERNET_MAC_PHY];
    for (register, bits) in CLOCK_GATES.into_iter().zip(gates) {
        SYSTEM.set(register, bits);
    }
}
