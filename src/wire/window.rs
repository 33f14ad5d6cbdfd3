//! Text of any length through slices of any length: it is written anew each time, and the window
//! shows what has not been written before.

use smoltcp::wire::IpAddress;

use super::{
    html, json,
    number::{hex, hex_digit},
    percent,
};

/// What is left of a number when the last digits that fit 32 bits are cut off.
const BILLION: u64 = 1_000_000_000;

/// What stands for a `%` of a form.
#[derive(Debug, Clone, Copy)]
pub enum Value<'v> {
    /// A text as it is.
    Text(&'v str),
    /// The same in bytes, which are known to be UTF-8: [`Line::as_str`] shows nothing of others.
    Bytes(&'v [u8]),
    /// A text as a JSON string, with its quotes.
    Json(&'v str),
    /// A text as HTML shows it.
    Html(&'v str),
    /// A path as it stands in a URL.
    Path(&'v str),
    /// In decimal digits.
    Number(u64),
    /// In decimal digits, perhaps with a minus.
    Signed(i64),
    /// In 16 hexadecimal digits.
    Hex(u64),
    /// In so many decimal digits (at most 10), with zeros in front.
    Digits(u32, u32),
    /// `192.168.69.1`, or as RFC 5952 has it.
    Address(IpAddress),
}

/// `true` or `false`.
pub fn boolean(value: bool) -> Value<'static> {
    Value::Text(if value { "true" } else { "false" })
}

/// What shows of a text in a slice, from the text's byte number `start` on.
///
/// `core::fmt` would do, but brings 4 KB of firmware with it.
#[derive(Debug)]
pub struct Window<'o> {
    slice: &'o mut [u8],
    start: usize,
    /// Bytes of the text so far, shown or not.
    position: usize,
    shown: usize,
}

impl<'o> Window<'o> {
    /// Before the text.
    pub fn new(slice: &'o mut [u8], start: usize) -> Self {
        Self { slice, start, position: 0, shown: 0 }
    }

    /// Bytes in the slice.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// Bytes of the whole text.
    pub fn length(&self) -> usize {
        self.position
    }

    /// Whether the text is shown to its end.
    pub fn is_complete(&self) -> bool {
        self.position <= self.start + self.shown
    }

    /// Adds a text.
    pub fn put(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds what is there of UTF-8.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        let before = self.start.saturating_sub(self.position).min(bytes.len());
        self.position += bytes.len();
        let fresh = bytes.get(before..).unwrap_or_default();
        let room = self.slice.get_mut(self.shown..).unwrap_or_default();
        let length = fresh.len().min(room.len());
        if let (Some(room), Some(fresh)) = (room.get_mut(..length), fresh.get(..length)) {
            room.copy_from_slice(fresh);
        }
        self.shown += length;
    }

    // For each byte of each log line, and a call is half as long.
    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        if self.position >= self.start
            && let Some(place) = self.slice.get_mut(self.shown)
        {
            *place = byte;
            self.shown += 1;
        }
        self.position += 1;
    }

    /// Adds a number in decimal.
    #[inline(never)]
    pub fn number(&mut self, number: u64) {
        match u32::try_from(number) {
            Ok(number) => {
                let mut unit = 1;
                while unit <= number / 10 {
                    unit *= 10;
                }
                self.digits(number, unit);
            }
            // A 64-bit division is a long subroutine on a 32-bit machine, and rarely needed.
            Err(_) => {
                self.number(number / BILLION);
                self.digits((number % BILLION) as u32, BILLION as u32 / 10);
            }
        }
    }

    /// Adds the digits of `number` from that of `unit`, a power of ten, on.
    #[inline(never)]
    fn digits(&mut self, number: u32, unit: u32) {
        let mut unit = unit;
        while unit > 0 {
            let digit = number.checked_div(unit).unwrap_or(0) % 10;
            self.byte(b'0' + digit as u8);
            unit /= 10;
        }
    }

    /// Adds an error in words, and the byte that it is about: `unexpected byte 0x0a`.
    pub(crate) fn error(&mut self, text: &str, byte: Option<u8>) {
        self.put(text);
        if let Some(byte) = byte {
            self.bytes(&[b' ', b'0', b'x', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }

    /// Adds `form`, with each `%` in it replaced by the next of `values`.
    #[inline(never)]
    pub fn fill(&mut self, form: &str, values: &[Value<'_>]) {
        let mut values = values.iter();
        for &byte in form.as_bytes() {
            if byte == b'%' {
                self.value(values.next());
            } else {
                self.byte(byte);
            }
        }
    }

    fn value(&mut self, value: Option<&Value<'_>>) {
        match *value.unwrap_or(&Value::Text("")) {
            Value::Text(text) => self.put(text),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Json(text) => json::write::quote(text, self),
            Value::Html(text) => html::escape(text, self),
            Value::Path(path) => percent::encode_path(path, self),
            Value::Number(number) => self.number(number),
            Value::Signed(number) => {
                self.put(if number < 0 { "-" } else { "" });
                self.number(number.unsigned_abs());
            }
            Value::Hex(number) => self.bytes(&hex(number)),
            Value::Digits(number, count) => {
                if let Some(last) = count.checked_sub(1) {
                    self.digits(number, 10_u32.saturating_pow(last.min(9)));
                }
            }
            Value::Address(address) => self.address(address),
        }
    }

    fn address(&mut self, address: IpAddress) {
        match address {
            IpAddress::Ipv4(address) => {
                for (place, octet) in address.octets().into_iter().enumerate() {
                    if place > 0 {
                        self.byte(b'.');
                    }
                    self.number(octet.into());
                }
            }
            #[cfg(feature = "ipv6")]
            IpAddress::Ipv6(address) => {
                let _ = core::fmt::write(self, format_args!("{address}"));
            }
        }
    }
}

#[cfg(feature = "ipv6")]
impl core::fmt::Write for Window<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.put(text);
        Ok(())
    }
}

/// Displays what [`Window::error`] adds.
pub(crate) fn describe(
    text: &str,
    byte: Option<u8>,
    f: &mut core::fmt::Formatter<'_>,
) -> core::fmt::Result {
    f.write_str(Line::of(|out| out.error(text, byte)).as_str())
}

/// A short text: 96 bytes at most.
#[derive(Debug)]
pub struct Line {
    bytes: [u8; 96],
    length: usize,
}

impl Line {
    /// No text.
    pub const EMPTY: Self = Self { bytes: [0; 96], length: 0 };

    /// What `write` writes.
    pub fn of(write: impl FnOnce(&mut Window<'_>)) -> Self {
        let mut bytes = [0; 96];
        let mut window = Window::new(&mut bytes, 0);
        write(&mut window);
        let length = window.shown();
        Self { bytes, length }
    }

    /// The text, in UTF-8 unless it was cut.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// A form and what stands for each `%` in it.
#[derive(Debug, Clone, Copy)]
pub struct Filled<'t> {
    /// The form.
    pub form: &'t str,
    /// The values.
    pub values: &'t [Value<'t>],
}

impl core::fmt::Display for Filled<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // In stretches, and each cut where a character ends.
        let mut sent = 0;
        loop {
            let mut slice = [0; 64];
            let mut window = Window::new(&mut slice, sent);
            window.fill(self.form, self.values);
            let (shown, is_complete) = (window.shown(), window.is_complete());
            let bytes = slice.get(..shown).unwrap_or_default();
            let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            f.write_str(text)?;
            sent += text.len();
            if is_complete || text.is_empty() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::{string::String, string::ToString, vec, vec::Vec};

    const FORM: &str = "a text % %, %; % % | % % % | % % % %.";
    const VALUES: [Value<'_>; 12] = [
        Value::Text("as it is"),
        Value::Json("a \"é\""),
        Value::Html("<é>"),
        Value::Path("a b/é"),
        Value::Number(u64::MAX),
        Value::Signed(-7),
        Value::Hex(0x0123_4567_89ab_cdef),
        Value::Address(IpAddress::v4(192, 168, 69, 1)),
        Value::Digits(7, 3),
        Value::Digits(2_034, 3),
        Value::Digits(0, 1),
        Value::Digits(u32::MAX, 10),
    ];
    const TEXT: &str = "a text as it is \"a \\\"\\u00e9\\\"\", &lt;é&gt;; a%20b/%C3%A9 \
        18446744073709551615 | -7 0123456789abcdef 192.168.69.1 | \
        007 034 0 4294967295.";

    #[test]
    fn shows_the_same_through_slices_of_every_length() {
        for room in 1..=TEXT.len() + 1 {
            let mut shown = Vec::new();
            loop {
                let mut slice = vec![0; room];
                let mut window = Window::new(&mut slice, shown.len());
                window.fill(FORM, &VALUES);
                assert_eq!(window.length(), TEXT.len());
                let (length, is_complete) = (window.shown(), window.is_complete());
                shown.extend_from_slice(&slice[..length]);
                if is_complete {
                    break;
                }
                assert_eq!(length, room);
            }
            assert_eq!(String::from_utf8(shown).unwrap(), TEXT);
        }
    }

    #[test]
    fn displays_itself() {
        assert_eq!(Filled { form: FORM, values: &VALUES }.to_string(), TEXT);
        let long = "é".repeat(200);
        for before in 0..4 {
            let form = &"...%"[3 - before..];
            let text = Filled { form, values: &[Value::Text(&long)] }.to_string();
            assert_eq!(text, std::format!("{}{long}", &form[..before]));
        }
    }

    #[test]
    fn a_value_that_is_missing_is_empty() {
        assert_eq!(Filled { form: "%.%.", values: &[Value::Number(1)] }.to_string(), "1..");
    }

    #[test]
    fn shows_nothing_where_there_is_no_room() {
        let mut window = Window::new(&mut [], 0);
        assert!(window.is_complete());
        window.put("x");
        assert_eq!((window.shown(), window.length(), window.is_complete()), (0, 1, false));
    }

    #[cfg(feature = "ipv6")]
    #[test]
    fn shows_ipv6_addresses() {
        let address = IpAddress::v6(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let text = Filled { form: "%", values: &[Value::Address(address)] };
        assert_eq!(text.to_string(), "fe80::1");
    }
}
