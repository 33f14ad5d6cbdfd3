//! The parsers of field values, and upload forms.

use bareserve::{
    clock::UnixTime,
    device::{LossRequest, parse_date},
    http::{
        accept_encoding::AcceptEncoding,
        auth::Token,
        date, etag,
        multipart::{Event, Multipart},
        range,
        range::{Ranges, Requested},
    },
    store::Encoding,
};

use super::cut::cut;

/// Seeds of [`field`].
pub const VALUES: &[&[u8]] = &[
    b"bytes=0-4,10-,-5",
    b"bytes=18446744073709551615-18446744073709551616",
    b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"Sunday, 06-Nov-94 08:49:37 GMT",
    b"Sun Nov  6 08:49:37 1994",
    b"gzip;q=0.5, *;q=0, identity;q=1.000",
    b"W/\"a\", \"b\", *",
    b"Basic dXNlcjowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==",
    b"Bearer 0123456789abcdef0123456789abcdef",
    b"{\"loss\": 20}",
    b"{\"unix\": 1700000000}",
    b"2023-04-19T17:04:30Z",
];

/// Seeds of [`form`]: the boundary, a LF, the body.
pub const FORMS: &[&[u8]] = &[
    b"B\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\n\r\nhello\r\n--B--\r\n",
    b"--x\n----x\r\nX: y\r\nContent-Disposition: form-data; name=f\r\n\r\n\r\n--\r\n----x\r\n\
      Content-Disposition: form-data; name=g\r\n\r\nz\r\n----x--",
];

/// All parsers of field values, on any input: their results are valid.
pub fn field(data: &[u8]) {
    for size in [0, 1, 1000, u64::MAX] {
        let mut parts = Ranges::new();
        if range::requested(data, size, &mut parts) == Requested::Parts {
            assert!(parts.iter().all(|part| part.length() > 0 && part.length() <= size));
        }
    }
    for now in [None, Some(UnixTime(1_700_000_000_000_000))] {
        if let Some(time) = date::parse(data, now) {
            let text = date::format(time);
            assert_eq!(date::parse(&text, now), Some(time));
        }
    }
    let mut accepted = AcceptEncoding::default();
    accepted.add(data);
    assert_ne!(accepted.choose(false), Some(Encoding::Gzip));
    let tag = etag::EntityTag::new(1, Encoding::Identity);
    for comparison in [etag::Comparison::Strong, etag::Comparison::Weak] {
        etag::matches(data, Some(&tag), comparison);
    }
    let token = Token::from_text("0123456789abcdef0123456789abcdef").expect("a token");
    if token.authorizes(data) {
        assert!(data.len() >= 32);
    }
    LossRequest::parse(data);
    parse_date(data);
}

/// A form has the same parts at every split, and no more bytes than the input.
pub fn form(data: &[u8]) {
    let newline = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (boundary, body) = data.split_at(newline);
    let content_type = [b"multipart/form-data; boundary=", boundary].concat();
    let body = body.get(1..).unwrap_or_default();
    let whole = parts(&content_type, &[body]);
    assert!(whole.iter().flatten().map(Vec::len).sum::<usize>() <= data.len());
    assert_eq!(whole, parts(&content_type, &cut(body)));
}

/// The data of each part; `None` if the form is rejected.
fn parts(content_type: &[u8], pieces: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
    let mut form = Multipart::new(content_type).ok()?;
    let mut head = [0; 128];
    let mut found = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let step = form.next(rest, &mut head).ok()?;
            match step.event {
                Event::Part(_) => found.push(Vec::new()),
                Event::Data(data) => {
                    found.last_mut().expect("data of a part").extend_from_slice(data)
                }
                Event::NeedInput | Event::PartEnd | Event::End => {}
            }
            let needs_input = matches!(step.event, Event::NeedInput);
            let consumed = step.consumed;
            rest = &rest[consumed..];
            if needs_input {
                break;
            }
        }
    }
    Some(found)
}
