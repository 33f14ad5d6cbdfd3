//! Memory that is all zeros until it is used, so that its initial value takes no flash.

use heapless::vec::VecView;

/// Fills the vector with elements from `make`.
// Not inlined: each element is built on the stack first, in a frame that is released on return.
#[inline(never)]
pub(crate) fn fill<T>(vec: &mut VecView<T>, mut make: impl FnMut() -> T) -> &mut [T] {
    while !vec.is_full() {
        let _ = vec.push(make());
    }
    vec.as_mut_slice()
}
