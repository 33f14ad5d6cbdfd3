//! Templates: texts with placeholders. Each `%` stands for the next of some [`Value`]s; a missing
//! value is empty.
//!
//! ```
//! use bareserve::wire::template::{Template, Value};
//!
//! let values = [Value::Json("a \"b\""), Value::Number(3), Value::Digits(7, 3)];
//! let template = Template { text: "{%: %.%}", values: &values };
//! assert_eq!(template.to_string(), r#"{"a \"b\"": 3.007}"#);
//! ```

use smoltcp::wire::IpAddress;

use super::{html, json, number::hex, percent, writer::ResumableWriter};

/// A value for a placeholder, and how it is written.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Value<'v> {
    /// A text, unchanged.
    Text(&'v str),
    /// A text as bytes that are known to be UTF-8. [`Line::as_str`](super::line::Line::as_str) is
    /// empty with others.
    Bytes(&'v [u8]),
    /// A text as a JSON string with its quotes ([`json::write::quote`]).
    Json(&'v str),
    /// A text in quotes, with the three escapes of a label in the Prometheus text format: `\"`, `\\`
    /// and `\n`.
    Label(&'v str),
    /// A text with the special characters of HTML escaped ([`html::escape`]).
    Html(&'v str),
    /// A path, percent-encoded ([`percent::encode_path`]).
    Path(&'v str),
    /// A number in decimal.
    Number(u64),
    /// A number in decimal, with `-` if it is negative.
    Signed(i64),
    /// A number in 16 hexadecimal digits.
    Hex(u64),
    /// A number, and how many of its decimal digits are written (at most 10): the last ones, with
    /// leading zeros.
    Digits(u32, u32),
    /// An IP address: `192.168.69.1`, or the text of RFC 5952.
    Address(IpAddress),
}

/// The value `true` or `false`.
pub fn boolean(value: bool) -> Value<'static> {
    Value::Text(if value { "true" } else { "false" })
}

/// A template and the values of its placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Template<'t> {
    /// The text with placeholders.
    pub text: &'t str,
    /// The values, in their order.
    pub values: &'t [Value<'t>],
}

impl core::fmt::Display for Template<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // In pieces, each of which ends with a character.
        let mut sent = 0;
        loop {
            let mut slice = [0; 64];
            let mut writer = ResumableWriter::new(&mut slice, sent);
            writer.render(self.text, self.values);
            let (written, is_complete) = (writer.written(), writer.is_complete());
            let bytes = slice.get(..written).unwrap_or_default();
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
    /// Adds the text of `template` with each `%` replaced by the next of `values`.
    #[inline(never)]
    pub fn render(&mut self, template: &str, values: &[Value<'_>]) {
        let mut values = values.iter();
        for &byte in template.as_bytes() {
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
            Value::Label(text) => self.label(text),
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

    fn label(&mut self, text: &str) {
        self.put("\"");
        for byte in text.bytes() {
            match byte {
                b'\n' => self.put("\\n"),
                b'"' | b'\\' => self.bytes(&[b'\\', byte]),
                _ => self.bytes(&[byte]),
            }
        }
        self.put("\"");
    }

    fn address(&mut self, address: IpAddress) {
        match address {
            IpAddress::Ipv4(address) => {
                for (index, octet) in address.octets().into_iter().enumerate() {
                    if index > 0 {
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

    const TEMPLATE: &str = "a text % %, %; % % | % % % | % % % %.";
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
    fn slices_of_every_length_give_the_same_text() {
        for room in 1..=TEXT.len() + 1 {
            let mut text = Vec::new();
            loop {
                let mut slice = vec![0; room];
                let mut writer = ResumableWriter::new(&mut slice, text.len());
                writer.render(TEMPLATE, &VALUES);
                assert_eq!(writer.length(), TEXT.len());
                let (written, is_complete) = (writer.written(), writer.is_complete());
                text.extend_from_slice(&slice[..written]);
                if is_complete {
                    break;
                }
                assert_eq!(written, room);
            }
            assert_eq!(String::from_utf8(text).unwrap(), TEXT);
        }
    }

    #[test]
    fn displays_the_rendered_text() {
        assert_eq!(Template { text: TEMPLATE, values: &VALUES }.to_string(), TEXT);
        let long = "é".repeat(200);
        for before in 0..4 {
            let text = &"...%"[3 - before..];
            let rendered = Template { text, values: &[Value::Text(&long)] }.to_string();
            assert_eq!(rendered, std::format!("{}{long}", &text[..before]));
        }
    }

    #[test]
    fn a_missing_value_is_empty() {
        assert_eq!(Template { text: "%.%.", values: &[Value::Number(1)] }.to_string(), "1..");
    }

    #[cfg(feature = "ipv6")]
    #[test]
    fn writes_ipv6_addresses() {
        let address = IpAddress::v6(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let template = Template { text: "%", values: &[Value::Address(address)] };
        assert_eq!(template.to_string(), "fe80::1");
    }
}
