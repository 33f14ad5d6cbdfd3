//! Moving memory that may overlap: 60 bytes in place of the 1,600 of the compiler's own, which is
//! made for speed. Here nothing but an entry of smoltcp's tables is ever moved.

/// Copies `len` bytes from `from` to `to`, as the Arm run-time ABI has it.
///
/// # Safety
/// As for [`core::ptr::copy`].
#[unsafe(no_mangle)]
unsafe extern "C" fn __aeabi_memmove(to: *mut u8, from: *const u8, len: usize) {
    for step in 0..len {
        // What overlaps is read before it is written.
        let at = if to.cast_const() < from { step } else { len - 1 - step };
        // SAFETY: the caller vouches for both ranges. Volatile, or the compiler would see a move
        // here and call this very function.
        unsafe { to.add(at).write_volatile(from.add(at).read_volatile()) };
    }
}

/// The same, with both aligned to 4 bytes.
///
/// # Safety
/// As for [`core::ptr::copy`].
#[unsafe(no_mangle)]
unsafe extern "C" fn __aeabi_memmove4(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: the caller's.
    unsafe { __aeabi_memmove(to, from, len) }
}

/// The same, with both aligned to 8 bytes.
///
/// # Safety
/// As for [`core::ptr::copy`].
#[unsafe(no_mangle)]
unsafe extern "C" fn __aeabi_memmove8(to: *mut u8, from: *const u8, len: usize) {
    // SAFETY: the caller's.
    unsafe { __aeabi_memmove(to, from, len) }
}
