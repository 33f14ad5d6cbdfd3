//! Memory that is all zeros until it is used, so that it takes no flash.

use heapless::vec::VecView;

/// Fills the vector with elements from `make`.
// Each element is built on the stack first: here, in a frame that is gone when the caller goes on.
#[inline(never)]
pub(crate) fn fill<T>(vec: &mut VecView<T>, mut make: impl FnMut() -> T) -> &mut [T] {
    while vec.push(make()).is_ok() {}
    vec.as_mut_slice()
}
