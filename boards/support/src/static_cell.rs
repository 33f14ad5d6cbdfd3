//! Memory for one value that is created at start-up.

use heapless::Vec;

/// Room for a value. All zeros until the value is there, so that a `static` of it takes no flash, which
/// an `Option` does not guarantee.
///
/// A local variable would be copied when it is moved, and each copy would stay on the stack as long as
/// the main loop runs.
#[derive(Debug)]
pub struct StaticCell<T>(Vec<T, 1>);

impl<T> StaticCell<T> {
    /// Empty.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Stores the value, and returns a reference to it.
    // Not inlined: the value would be copied field by field.
    #[inline(never)]
    pub fn put(&mut self, value: T) -> &mut T {
        self.0.clear();
        let _ = self.0.push(value);
        // The vector has one element, which the compiler sees: no check remains.
        &mut self.0[0]
    }
}

impl<T> Default for StaticCell<T> {
    fn default() -> Self {
        Self::new()
    }
}
