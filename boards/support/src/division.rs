//! 64-bit division (Run-time ABI for the Arm Architecture, section 4.2): smoltcp divides times, which
//! the core has no instruction for. The compiler's own takes 1 KB more.

/// The quotient and the rest of a division by any number but 0, a bit at a time.
pub const fn divide(dividend: u64, divisor: u64) -> (u64, u64) {
    // Both short, as most are: the core's own instruction.
    if (dividend | divisor) >> 32 == 0 {
        let (short, by) = (dividend as u32, divisor as u32);
        return ((short / by) as u64, (short % by) as u64);
    }
    let (mut quotient, mut rest) = (dividend, 0_u64);
    let mut bits = 64;
    // The upper half at once, where it is all rest.
    if dividend >> 32 < divisor {
        (quotient, rest, bits) = (dividend << 32, dividend >> 32, 32);
    }
    while bits > 0 {
        let carry = rest >> 63;
        rest = rest << 1 | quotient >> 63;
        quotient <<= 1;
        if carry == 1 || rest >= divisor {
            rest = rest.wrapping_sub(divisor);
            quotient |= 1;
        }
        bits -= 1;
    }
    (quotient, rest)
}

#[cfg(target_arch = "arm")]
mod abi {
    /// Divides by what may be 0: the quotient is 0 then, as that of the core's own instruction is, and
    /// all is left.
    extern "C" fn unsigned(dividend: u64, divisor: u64, rest: &mut u64) -> u64 {
        if divisor == 0 {
            *rest = dividend;
            return 0;
        }
        let (quotient, left) = super::divide(dividend, divisor);
        *rest = left;
        quotient
    }

    /// Rounds towards zero; the rest has the dividend's sign.
    extern "C" fn signed(dividend: i64, divisor: i64, rest: &mut i64) -> i64 {
        let mut left = 0;
        let quotient = unsigned(dividend.unsigned_abs(), divisor.unsigned_abs(), &mut left) as i64;
        let left = left as i64;
        *rest = if dividend < 0 { left.wrapping_neg() } else { left };
        if (dividend < 0) != (divisor < 0) { quotient.wrapping_neg() } else { quotient }
    }

    // SAFETY: the two names are the ABI's for these functions, whose rest comes in r2 and r3; the
    // linker prefers them to the compiler's, which are weak.
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
    fn divides_as_the_language_does() {
        let mut numbers = [0_u64; 600];
        let edges = [1, 2, 3, 10, 1000, 1_000_000, u64::MAX, 1 << 31, 1 << 32, 1 << 63];
        let mut random = 1_u64;
        for (place, number) in numbers.iter_mut().enumerate() {
            // xorshift64, in all lengths.
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
