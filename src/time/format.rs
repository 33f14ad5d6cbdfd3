//! The form in which a time service sends the time.

use crate::clock::UnixTime;

/// The bytes that a time service sends: 56 at most.
pub type TimeText = heapless::Vec<u8, 56>;

/// A form in which a time is sent.
pub trait TimeFormat {
    /// The service's name in logs.
    fn name(&self) -> &'static str;

    /// Appends the bytes that stand for `time` where clocks are `utc_offset_seconds` ahead of UTC.
    /// `None` if the format cannot express it; the content of `text` is then unspecified.
    fn write(&self, time: UnixTime, utc_offset_seconds: i32, text: &mut TimeText) -> Option<()>;
}

/// With `&dyn TimeFormat`, servers of several formats share one server's code.
impl<F: TimeFormat + ?Sized> TimeFormat for &F {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn write(&self, time: UnixTime, utc_offset_seconds: i32, text: &mut TimeText) -> Option<()> {
        (**self).write(time, utc_offset_seconds, text)
    }
}

/// The bytes that `format` writes, for tests.
#[cfg(test)]
pub(super) fn text(format: impl TimeFormat, time: UnixTime, offset: i32) -> Option<TimeText> {
    let mut text = TimeText::new();
    format.write(time, offset, &mut text).map(|()| text)
}
