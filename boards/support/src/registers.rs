//! Volatile access to a peripheral's registers: the one place where a port needs `unsafe`.

use core::ptr;

/// A peripheral's block of 32-bit registers, at most 4 KB long.
#[derive(Debug, Clone, Copy)]
pub struct Registers(usize);

impl Registers {
    /// The block at `base`.
    ///
    /// # Safety
    /// The 4 KB from `base` on must belong to a peripheral of this chip, and nothing that is written
    /// to it may make the peripheral touch memory (a DMA controller would).
    pub const unsafe fn at(base: usize) -> Self {
        Self(base)
    }

    /// Reads the register at `offset`.
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: aligned and inside the block, for which the caller of `at` has vouched.
        unsafe { self.register(offset).read_volatile() }
    }

    /// Writes the register at `offset`.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: aligned and inside the block, for which the caller of `at` has vouched.
        unsafe { self.register(offset).write_volatile(value) }
    }

    /// Sets `bits` in the register at `offset`.
    pub fn set(self, offset: usize, bits: u32) {
        self.write(offset, self.read(offset) | bits);
    }

    fn register(self, offset: usize) -> *mut u32 {
        ptr::with_exposed_provenance_mut(self.0 + (offset & 0xffc))
    }
}
