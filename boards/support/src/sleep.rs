//! Sleep until an interrupt, without interrupt handlers.
//!
//! Interrupts stay masked permanently (PRIMASK); `wfi` still returns as soon as an enabled one is pending.
//! An interrupt that is raised between the last check of the devices and `wfi` makes `wfi` return at once,
//! so no wake-up is lost, and no handlers, shared state or further `unsafe` code are needed.

use cortex_m::{interrupt::InterruptNumber, peripheral::NVIC};

/// The interrupt part of the vector table. It is never read, as interrupts stay masked, but cortex-m-rt's
/// linker script requires at least one entry.
// SAFETY: cortex-m-rt reserves this name and section for this table. The entry is never used.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".vector_table.interrupts")]
static __INTERRUPTS: [usize; 1] = [0];

#[derive(Clone, Copy)]
struct Interrupt(u16);

// SAFETY: the number of an interrupt does not change.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self.0
    }
}

/// Enables the interrupts of these `numbers`, so that they end a sleep.
pub fn enable(numbers: &[u16]) {
    cortex_m::interrupt::disable();
    for &number in numbers {
        // SAFETY: with PRIMASK set no handler runs, so no critical section can be broken.
        unsafe { NVIC::unmask(Interrupt(number)) };
    }
}

/// Clears the pending state of the interrupts of these `numbers`. One whose cause persists becomes
/// pending again.
pub fn clear(numbers: &[u16]) {
    for &number in numbers {
        NVIC::unpend(Interrupt(number));
    }
}

/// Stops the core until an enabled interrupt is pending.
pub fn wait() {
    cortex_m::asm::wfi();
}
