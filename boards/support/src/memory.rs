//! The routines that the compiler calls to copy, fill and compare memory (Run-time ABI for the Arm
//! Architecture, section 4.3.4). The firmware spends a tenth of its time in them.
//!
//! The compiler's routines are 3 KB larger, and take twice the instructions for the few bytes of a typical
//! call. A Cortex-M3 reads and writes words at any address (Armv7-M Architecture Reference Manual,
//! A3.2.1), so these do not align the addresses first. They copy four words per iteration.

// SAFETY: each implements the function of its name (C17, 7.24), and changes only registers that a
// function may: r0 to r3, r12 and the flags. The linker prefers them to the compiler's, which are weak
// symbols.
#[cfg(target_arch = "arm")]
core::arch::global_asm!(
    r#"
    .syntax unified
    .thumb

    @ (r0: to, r1: from, r2: length); copies back to front if the areas overlap that way
    .section .text.memcpy, "ax", %progbits
    .global memmove, __aeabi_memmove, __aeabi_memmove4, __aeabi_memmove8
    .type memmove, %function
    .type __aeabi_memmove, %function
    .type __aeabi_memmove4, %function
    .type __aeabi_memmove8, %function
memmove:
__aeabi_memmove:
__aeabi_memmove4:
__aeabi_memmove8:
    subs    r3, r0, r1
    cmp     r3, r2
    bhs     memcpy              @ `to` is not inside the source
    add     r1, r2
    add     r12, r0, r2
    subs    r2, #4
    blo     2f
1:  ldr     r3, [r1, #-4]!
    subs    r2, #4
    str     r3, [r12, #-4]!
    bhs     1b
2:  adds    r2, #4
    beq     4f
3:  ldrb    r3, [r1, #-1]!
    subs    r2, #1
    strb    r3, [r12, #-1]!
    bne     3b
4:  bx      lr

    @ (r0: to, r1: from, r2: length)
    .global memcpy, __aeabi_memcpy, __aeabi_memcpy4, __aeabi_memcpy8
    .type memcpy, %function
    .type __aeabi_memcpy, %function
    .type __aeabi_memcpy4, %function
    .type __aeabi_memcpy8, %function
memcpy:
__aeabi_memcpy:
__aeabi_memcpy4:
__aeabi_memcpy8:
    mov     r12, r0
    subs    r2, #16
    blo     3f
    orr     r3, r0, r1
    lsls    r3, #30
    bne     2f
    push    {{r4, r5, r6}}
1:  ldm     r1!, {{r3, r4, r5, r6}}
    subs    r2, #16
    stm     r12!, {{r3, r4, r5, r6}}
    bhs     1b
    pop     {{r4, r5, r6}}
    b       3f
2:  ldr     r3, [r1], #4        @ not aligned
    str     r3, [r12], #4
    ldr     r3, [r1], #4
    str     r3, [r12], #4
    ldr     r3, [r1], #4
    str     r3, [r12], #4
    ldr     r3, [r1], #4
    str     r3, [r12], #4
    subs    r2, #16
    bhs     2b
3:  adds    r2, #12             @ negative: less than a word is left
    bmi     5f
4:  ldr     r3, [r1], #4
    subs    r2, #4
    str     r3, [r12], #4
    bhs     4b
5:  adds    r2, #4
    beq     7f
6:  ldrb    r3, [r1], #1
    subs    r2, #1
    strb    r3, [r12], #1
    bne     6b
7:  bx      lr

    .section .text.memset, "ax", %progbits
    .global __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8
    .global memset, __aeabi_memset, __aeabi_memset4, __aeabi_memset8
    .type __aeabi_memclr, %function
    .type __aeabi_memclr4, %function
    .type __aeabi_memclr8, %function
    .type memset, %function
    .type __aeabi_memset, %function
    .type __aeabi_memset4, %function
    .type __aeabi_memset8, %function
    @ (r0: to, r1: length)
__aeabi_memclr:
__aeabi_memclr4:
__aeabi_memclr8:
    mov     r2, r1
    movs    r1, #0
    b       0f
    @ (r0: to, r1: length, r2: byte)
__aeabi_memset:
__aeabi_memset4:
__aeabi_memset8:
    mov     r3, r1
    mov     r1, r2
    mov     r2, r3
    @ (r0: to, r1: byte, r2: length)
memset:
    uxtb    r1, r1
    orr     r1, r1, r1, lsl #8
    orr     r1, r1, r1, lsl #16
0:  mov     r12, r0
    subs    r2, #4
    blo     2f
1:  subs    r2, #4
    str     r1, [r12], #4
    bhs     1b
2:  adds    r2, #4
    beq     4f
3:  subs    r2, #1
    strb    r1, [r12], #1
    bne     3b
4:  bx      lr

    @ (r0: left, r1: right, r2: length)
    .section .text.memcmp, "ax", %progbits
    .global memcmp, bcmp
    .type memcmp, %function
    .type bcmp, %function
memcmp:
bcmp:
    subs    r2, #4
    blo     2f
1:  ldr     r3, [r0], #4
    ldr     r12, [r1], #4
    cmp     r3, r12
    bne     4f
    subs    r2, #4
    bhs     1b
2:  adds    r2, #4
    beq     6f
3:  ldrb    r3, [r0], #1
    ldrb    r12, [r1], #1
    cmp     r3, r12
    bne     5f
    subs    r2, #1
    bne     3b
    b       6f
4:  rev     r3, r3              @ the first byte is the most significant
    rev     r12, r12
5:  cmp     r3, r12
    sbcs    r2, r2              @ -1 if that borrows, and 0 otherwise
    orr     r2, #1
6:  mov     r0, r2
    bx      lr
"#
);
