//! Volatile access to a peripheral's registers. A port needs `unsafe` only to create these.

use core::ptr;

/// A peripheral's block of 32-bit registers, at most 4 KB long.
#[derive(Debug, Clone, Copy)]
pub struct Registers(usize);

impl Registers {
    /// The block at `base`.
    ///
    /// # Safety
    /// The 4 KB from `base` on must belong to a peripheral of this chip, and no value written to its
    /// registers may make the peripheral access memory. For a peripheral with DMA, the caller must ensure
    /// that the addresses it is given stay valid: see the porting guide.
    pub const unsafe fn at(base: usize) -> Self {
        Self(base)
    }

    /// Reads the register at `offset`.
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: aligned and inside the block, as the caller of `at` guarantees.
        unsafe { self.register(offset).read_volatile() }
    }

    /// Writes the register at `offset`.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: aligned and inside the block, as the caller of `at` guarantees.
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
