//! Vectors that are all zeros until they are filled.

use heapless::vec::VecView;

/// Pushes what `make` makes until the vector is full.
// On its way each element is copied on the stack: not on that of a caller who goes on from there.
#[inline(never)]
pub(crate) fn fill<T>(vec: &mut VecView<T>, mut make: impl FnMut() -> T) -> &mut [T] {
    while vec.push(make()).is_ok() {}
    vec.as_mut_slice()
}
