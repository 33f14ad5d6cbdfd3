//! The deepest the stack has been, read from the paint that start-up leaves on it.

use core::ptr;

use cortex_m_rt as _;

/// What start-up writes over the whole stack.
const PAINT: u32 = 0xcccc_cccc;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackUsage {
    /// The most that was ever used.
    pub worst: usize,
    /// The size of the stack.
    pub size: usize,
}

impl StackUsage {
    /// Looks at the paint: one read for each unused word.
    pub fn measure() -> Self {
        let top = (&raw const _stack_start).addr();
        let bottom = (&raw const _stack_end).addr();
        let used = (bottom..top).step_by(4).find(|&address| {
            // SAFETY: between the linker's two symbols lies the stack, which is always readable;
            // volatile because the compiler does not know who writes it.
            unsafe { ptr::with_exposed_provenance::<u32>(address).read_volatile() != PAINT }
        });
        Self { worst: top - used.unwrap_or(top), size: top - bottom }
    }
}
