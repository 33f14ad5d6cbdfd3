//! Sleep until an interrupt, without interrupt handlers.
//!
//! Interrupts stay masked for good (PRIMASK): `wfi` returns all the same as soon as an enabled one
//! is pending. What raises one between the last look at the devices and `wfi` makes `wfi` return
//! at once, so no wake-up is lost and none needs a handler, shared state or `unsafe` code in it.

use cortex_m::{interrupt::InterruptNumber, peripheral::NVIC};

/// The interrupts' part of the vector table, which no interrupt ever comes to read. Start-up's
/// linker script wants one entry at least.
// SAFETY: the name and section that cortex-m-rt keeps for this table; null handles nothing.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".vector_table.interrupts")]
static __INTERRUPTS: [usize; 1] = [0];

#[derive(Clone, Copy)]
struct Interrupt(u16);

// SAFETY: a plain number, always the same for one interrupt.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self.0
    }
}

/// Lets the interrupts of these `numbers` end a sleep, from now on.
pub fn enable(numbers: &[u16]) {
    cortex_m::interrupt::disable();
    for &number in numbers {
        // SAFETY: with PRIMASK set no handler runs, so no critical section can be broken.
        unsafe { NVIC::unmask(Interrupt(number)) };
    }
}

/// Forgets that the interrupts of these `numbers` were raised. One whose cause persists is raised
/// again.
pub fn clear(numbers: &[u16]) {
    for &number in numbers {
        NVIC::unpend(Interrupt(number));
    }
}

/// Stops the core until an enabled interrupt is pending.
pub fn wait() {
    cortex_m::asm::wfi();
}
