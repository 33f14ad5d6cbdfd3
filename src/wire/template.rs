//! Templates: a text in which each `%` stands for a value.

use smoltcp::wire::IpAddress;

use super::{html, json, number::hex, percent, writer::ResumableWriter};

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

/// Displays what [`ResumableWriter::error`] adds.
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
    pub fn of(write: impl FnOnce(&mut ResumableWriter<'_>)) -> Self {
        let mut bytes = [0; 96];
        let mut window = ResumableWriter::new(&mut bytes, 0);
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
pub struct Template<'t> {
    /// The form.
    pub form: &'t str,
    /// The values.
    pub values: &'t [Value<'t>],
}

impl core::fmt::Display for Template<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // In stretches, and each cut where a character ends.
        let mut sent = 0;
        loop {
            let mut slice = [0; 64];
            let mut window = ResumableWriter::new(&mut slice, sent);
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

impl ResumableWriter<'_> {
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
                let mut window = ResumableWriter::new(&mut slice, shown.len());
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
        assert_eq!(Template { form: FORM, values: &VALUES }.to_string(), TEXT);
        let long = "é".repeat(200);
        for before in 0..4 {
            let form = &"...%"[3 - before..];
            let text = Template { form, values: &[Value::Text(&long)] }.to_string();
            assert_eq!(text, std::format!("{}{long}", &form[..before]));
        }
    }

    #[test]
    fn a_value_that_is_missing_is_empty() {
        assert_eq!(Template { form: "%.%.", values: &[Value::Number(1)] }.to_string(), "1..");
    }

    #[test]
    fn shows_nothing_where_there_is_no_room() {
        let mut window = ResumableWriter::new(&mut [], 0);
        assert!(window.is_complete());
        window.put("x");
        assert_eq!((window.shown(), window.length(), window.is_complete()), (0, 1, false));
    }

    #[cfg(feature = "ipv6")]
    #[test]
    fn shows_ipv6_addresses() {
        let address = IpAddress::v6(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let text = Template { form: "%", values: &[Value::Address(address)] };
        assert_eq!(text.to_string(), "fe80::1");
    }
}
