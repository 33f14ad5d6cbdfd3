//! The maximum stack use, read from the pattern with which start-up fills the stack.

use core::ptr;

use cortex_m_rt as _;

/// The pattern with which cortex-m-rt fills the stack (feature `paint-stack`).
const PAINT: u32 = 0xcccc_cccc;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Stack use in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackUsage {
    /// The maximum since the start.
    pub worst: usize,
    /// The size of the stack.
    pub size: usize,
}

impl StackUsage {
    /// Measures the maximum: reads each word that is still unused.
    pub fn measure() -> Self {
        let top = (&raw const _stack_start).addr();
        let bottom = (&raw const _stack_end).addr();
        let used = (bottom..top).step_by(4).find(|&address| {
            // SAFETY: the stack lies between the linker's two symbols and is always readable. Volatile,
            // as the compiler does not know of the writes to it.
            unsafe { ptr::with_exposed_provenance::<u32>(address).read_volatile() != PAINT }
        });
        Self { worst: top - used.unwrap_or(top), size: top - bottom }
    }
}
