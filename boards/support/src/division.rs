//! 64-bit division (Run-time ABI for the Arm Architecture, section 4.2). smoltcp divides 64-bit times,
//! for which the core has no instruction. The compiler's routines are 1 KB larger.

/// Returns quotient and remainder, computed bit by bit. `divisor` must not be 0.
pub const fn divide(dividend: u64, divisor: u64) -> (u64, u64) {
    // Both operands fit 32 bits, as usual: the core's division instruction.
    if (dividend | divisor) >> 32 == 0 {
        let (short, by) = (dividend as u32, divisor as u32);
        return ((short / by) as u64, (short % by) as u64);
    }
    let (mut quotient, mut remainder) = (dividend, 0_u64);
    let mut bits = 64;
    // The upper half is smaller than the divisor, so its quotient bits are all 0.
    if dividend >> 32 < divisor {
        (quotient, remainder, bits) = (dividend << 32, dividend >> 32, 32);
    }
    while bits > 0 {
        let carry = remainder >> 63;
        remainder = remainder << 1 | quotient >> 63;
        quotient <<= 1;
        if carry == 1 || remainder >= divisor {
            remainder = remainder.wrapping_sub(divisor);
            quotient |= 1;
        }
        bits -= 1;
    }
    (quotient, remainder)
}

#[cfg(target_arch = "arm")]
mod abi {
    /// Division by 0 gives the quotient 0, as the core's division instruction does, and the dividend as
    /// the remainder.
    extern "C" fn unsigned(dividend: u64, divisor: u64, remainder: &mut u64) -> u64 {
        if divisor == 0 {
            *remainder = dividend;
            return 0;
        }
        let (quotient, left) = super::divide(dividend, divisor);
        *remainder = left;
        quotient
    }

    /// Rounds towards zero; the remainder has the dividend's sign.
    extern "C" fn signed(dividend: i64, divisor: i64, remainder: &mut i64) -> i64 {
        let mut left = 0;
        let quotient = unsigned(dividend.unsigned_abs(), divisor.unsigned_abs(), &mut left) as i64;
        let left = left as i64;
        *remainder = if dividend < 0 { left.wrapping_neg() } else { left };
        if (dividend < 0) != (divisor < 0) { quotient.wrapping_neg() } else { quotient }
    }

    // SAFETY: the ABI gives these names to these functions, and returns the remainder in r2 and r3. The
    // linker prefers them to the compiler's, which are weak symbols.
    core::arch::global_asm!(
        r#"
    .syntax unified
    .thumb
    .section .text.divide, "ax", %progbits
    .global __aeabi_uldivmod, __aeabi_ldivmod
    .type __aeabi_uldivmod, %function
    .type __aeabi_ldivmod, %function
__aeabi_uldivmod:
    ldr     r12, ={unsigned}
    b       1f
__aeabi_ldivmod:
    ldr     r12, ={signed}
1:  push    {{r4, lr}}
    sub     sp, #16
    add     lr, sp, #8
    str     lr, [sp]
    blx     r12
    ldrd    r2, r3, [sp, #8]
    add     sp, #16
    pop     {{r4, pc}}
"#,
        unsigned = sym unsigned,
        signed = sym signed,
    );
}

#[cfg(test)]
mod tests {
    use super::divide;

    #[test]
    fn results_match_the_language() {
        let mut numbers = [0_u64; 600];
        let edges = [1, 2, 3, 10, 1000, 1_000_000, u64::MAX, 1 << 31, 1 << 32, 1 << 63];
        let mut random = 1_u64;
        for (place, number) in numbers.iter_mut().enumerate() {
            // xorshift64, shifted to all bit lengths.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let edge = edges[place % edges.len()];
            *number = match place / (3 * edges.len()) {
                0 => [edge - 1, edge, edge.wrapping_add(1)][place / edges.len()],
                _ => random >> (place % 64),
            };
        }
        for dividend in numbers {
            for divisor in numbers.into_iter().filter(|divisor| *divisor != 0) {
                assert_eq!(divide(dividend, divisor), (dividend / divisor, dividend % divisor));
            }
        }
    }
}
