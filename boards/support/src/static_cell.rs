//! Memory for one value that is made at start-up.

use heapless::Vec;

/// Room for a value. All zeros until it is there, so that a `static` of it takes no flash; that of
/// an `Option` need not be.
///
/// A variable would be copied on the way to where the main loop is called from, and each copy would
/// stay on the stack for good.
#[derive(Debug)]
pub struct StaticCell<T>(Vec<T, 1>);

impl<T> StaticCell<T> {
    /// Empty.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Puts the value there.
    // Inlined, it would be copied field by field.
    #[inline(never)]
    pub fn put(&mut self, value: T) -> &mut T {
        self.0.clear();
        let _ = self.0.push(value);
        // It has just been pushed: the compiler leaves the check out.
        &mut self.0[0]
    }
}

impl<T> Default for StaticCell<T> {
    fn default() -> Self {
        Self::new()
    }
}
