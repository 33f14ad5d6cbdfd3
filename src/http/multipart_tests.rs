extern crate std;

use std::{format, string::String, vec::Vec};

use super::*;
use crate::entropy::{Entropy, SeededEntropy};

const CONTENT_TYPE: &[u8] = b"multipart/form-data; boundary=abc";

/// Name, file name, data.
type Part = (String, Option<String>, Vec<u8>);

/// Reads `body` in pieces of the lengths given, then the rest in one, with a buffer of `room` bytes
/// for heads. The parts that are complete, and whether the body is.
fn read_with_room(
    body: &[u8],
    pieces: impl IntoIterator<Item = usize>,
    room: usize,
) -> Result<(Vec<Part>, bool), MultipartError> {
    let mut multipart = Multipart::new(CONTENT_TYPE).unwrap();
    let mut head = std::vec![0; room];
    let (mut parts, mut present): (Vec<Part>, Option<Part>) = Default::default();
    let (mut rest, mut steps) = (body, 0);
    for piece in pieces.into_iter().chain([usize::MAX]) {
        let (mut input, later) = rest.split_at(piece.min(rest.len()));
        rest = later;
        loop {
            steps += 1;
            assert!(steps < 4 * body.len() + 100, "no progress");
            let Step { consumed, event } = multipart.next(input, &mut head)?;
            input = &input[consumed..];
            match event {
                Event::NeedInput => break,
                Event::Part(head) => {
                    let text = |text: FieldText<'_>| text.decode(&mut [0; 99]).unwrap().into();
                    let part = (text(head.name()), head.filename().map(text), Vec::new());
                    assert!(present.replace(part).is_none());
                }
                Event::Data(data) => {
                    assert!(!data.is_empty());
                    present.as_mut().unwrap().2.extend_from_slice(data);
                }
                Event::PartEnd => parts.push(present.take().unwrap()),
                Event::End => assert!(multipart.is_complete()),
            }
        }
        assert!(input.is_empty());
    }
    Ok((parts, multipart.is_complete()))
}

fn read(
    body: &[u8],
    pieces: impl IntoIterator<Item = usize>,
) -> Result<(Vec<Part>, bool), MultipartError> {
    read_with_room(body, pieces, 128)
}

fn part(name: &str, filename: Option<&str>, data: &[u8]) -> Part {
    (name.into(), filename.map(Into::into), data.into())
}

/// A file between two fields, with all kinds of near misses in it.
const FORM: &[u8] = b"--abc\r\n\
    Content-Disposition: form-data; name=\"folder\"\r\n\r\nuploads\r\n\
    --abc \t\r\n\
    X-Long: 0123456789012345678901234567890123456789012345678901234567890123456789012345678\
    0123456789012345678901234567890123456789012345678901234567890123456789012345678\r\n\
    content-disposition:form-data;name=file;filename=\"\xc3\xa4 \\\"b\\\\%22;.txt\"\r\n\
    Content-Type: text/plain\r\n\r\n\
    --abc\r\r\n\r\n--ab\r\n-abc\n--abc\r\n--\r\n--abd\r\r\n--ab\r\n\r\n\
    --abc\r\n\
    Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n\
    --abc--\r\nthis is ignored\r\n--abc\r\n";

fn form_parts() -> Vec<Part> {
    let data = b"--abc\r\r\n\r\n--ab\r\n-abc\n--abc\r\n--\r\n--abd\r\r\n--ab\r\n";
    std::vec![
        part("folder", None, b"uploads"),
        part("file", Some("ä \"b\\\";.txt"), data),
        part("empty", None, b""),
    ]
}

#[test]
fn every_split_reads_the_same() {
    let expected = Ok((form_parts(), true));
    assert_eq!(read(FORM, []), expected);
    assert_eq!(read(FORM, std::iter::repeat_n(1, FORM.len())), expected);
    for first in 0..FORM.len() {
        assert_eq!(read(FORM, [first]), expected, "split at {first}");
        for second in [1, 2, 3, 5, 8, 13] {
            assert_eq!(read(FORM, [first, second]), expected, "split at {first}, {second} more");
        }
    }
}

#[test]
fn a_truncated_body_is_not_complete() {
    let end = FORM.windows(7).position(|window| window == b"--abc--").unwrap() + 7;
    for length in 0..FORM.len() {
        let (parts, is_complete) = read(&FORM[..length], []).unwrap();
        assert_eq!(is_complete, length >= end, "{length}");
        assert_eq!(parts, form_parts()[..parts.len()]);
    }
}

#[test]
fn a_preamble_is_ignored() {
    let body = b"hello\r\n--ab\r\n --abc\r\n--abc\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--abc--";
    for split in 0..body.len() {
        assert_eq!(read(body, [split]), Ok((std::vec![part("x", None, b"1")], true)));
    }
    assert_eq!(read(b"--abc--", []), Ok((Vec::new(), true)));
    assert_eq!(read(b"", []), Ok((Vec::new(), false)));
    assert_eq!(read(b"abc\r\n-abc", []), Ok((Vec::new(), false)));
}

#[test]
fn malformed_bodies_are_refused_at_any_split() {
    for (body, error) in [
        (&b"--abcd\r\n"[..], MultipartError::Malformed),
        (b"--abc\n", MultipartError::Malformed),
        (b"--abc-\r\n", MultipartError::Malformed),
        (b"--abc \r\r\n", MultipartError::Malformed),
        (b"--abc\r\n\r\n", MultipartError::Malformed),
        (b"--abc\r\nContent-Type: text/plain\r\n\r\n", MultipartError::Malformed),
        (b"--abc\r\nContent-Disposition: form-data\r\n\r\n", MultipartError::Malformed),
        (b"--abc\r\nContent-Disposition: attachment; name=x\r\n\r\n", MultipartError::Malformed),
        (b"--abc\r\nContent-Disposition: form-data; name=\"x\r\n\r\n", MultipartError::Malformed),
        (b"--abc\r\nContent-Disposition: form-data; name=x\n\r\n", MultipartError::Malformed),
        (b"--abc\r\nContent-Disposition: form-data; name=x\r\r\n\r\n", MultipartError::Malformed),
        (b"--abc\r\nContent-Disposition: form-data;\r\n name=x\r\n\r\n", MultipartError::Malformed),
        (b"--abc\r\nX: \0\r\n", MultipartError::Malformed),
        (
            b"--abc\r\nContent-Disposition: form-data; name=x\r\n\
              Content-Disposition: form-data; name=y\r\n\r\n",
            MultipartError::Malformed,
        ),
    ] {
        for split in 0..body.len() {
            assert_eq!(read(body, [split]), Err(error), "{}", body.escape_ascii());
        }
    }
}

#[test]
fn only_content_disposition_is_stored() {
    let line = "Content-Disposition: form-data; name=x";
    let body =
        format!("--abc\r\nA-Field: {0}\r\n{line}\r\nB: {0}\r\n\r\n1\r\n--abc--", "y".repeat(200));
    let expected = Ok((std::vec![part("x", None, b"1")], true));
    assert_eq!(read_with_room(body.as_bytes(), [], line.len()), expected);
    for room in 20..line.len() {
        let result = read_with_room(body.as_bytes(), [], room);
        assert_eq!(result, Err(MultipartError::HeadTooLong), "{room}");
    }
    assert!(read_with_room(body.as_bytes(), [], 0).is_err());
}

#[test]
fn boundaries_follow_rfc_2046() {
    let longest = format!("multipart/form-data; boundary={}", "b".repeat(70));
    let too_long = format!("{longest}b");
    for (content_type, expected) in [
        ("multipart/form-data; boundary=abc", Some(&b"abc"[..])),
        ("Multipart/Form-Data;charset=utf-8; BOUNDARY=\"a b:c\"", Some(b"a b:c")),
        (
            "multipart/form-data; boundary=----WebKitFormBoundary7MA4",
            Some(b"----WebKitFormBoundary7MA4"),
        ),
        (&longest, Some(&[b'b'; 70])),
        (&too_long, None),
        ("multipart/form-data; boundary=\"\"", None),
        ("multipart/form-data; boundary=\"a \"", None),
        ("multipart/form-data; boundary=a*b", None),
        ("multipart/form-data", None),
        ("multipart/mixed; boundary=abc", None),
        ("", None),
    ] {
        assert_eq!(boundary(content_type.as_bytes()), expected, "{content_type}");
        assert_eq!(Multipart::new(content_type.as_bytes()).is_ok(), expected.is_some());
    }
}

#[test]
fn names_are_decoded_and_compared() {
    let text = FieldText(br#"a\"b\\c\d%22%41"#);
    let mut buffer = [0; 16];
    assert_eq!(text.decode(&mut buffer), Ok(r#"a"b\c\d"%41"#));
    assert!(text.is(r#"a"b\c\d"%41"#));
    assert!(!text.is("a"));
    assert_eq!(text.decode(&mut [0; 3]), Err(DecodeError::TooLong));
    assert_eq!(FieldText(b"\xff").decode(&mut buffer), Err(DecodeError::NotUtf8));
}

/// Data made of the bytes of the delimiter is read unchanged at any split.
#[test]
fn data_like_delimiters_is_unchanged() {
    let mut entropy = SeededEntropy::new(11);
    for _ in 0..20_000 {
        let mut data = [0; 24];
        entropy.fill(&mut data);
        let data = data.map(|byte| b"\r\n--abc\r"[usize::from(byte) % 8]);
        if data.windows(7).any(|window| window == b"\r\n--abc") || data.starts_with(b"--abc") {
            continue;
        }
        let mut body = b"--abc\r\nContent-Disposition: form-data; name=x\r\n\r\n".to_vec();
        body.extend_from_slice(&data);
        body.extend_from_slice(b"\r\n--abc--");
        let pieces: Vec<_> = (0..40).map(|_| entropy.next_u64() as usize % 7).collect();
        assert_eq!(read(&body, pieces), Ok((std::vec![part("x", None, &data)], true)));
    }
}

#[test]
fn mutated_bodies_read_the_same_at_any_split() {
    let mut entropy = SeededEntropy::new(12);
    for _ in 0..4_000 {
        let mut body = FORM.to_vec();
        for _ in 0..1 + entropy.next_u64() % 4 {
            let random = entropy.next_u64();
            let at = random as usize % body.len();
            match random >> 62 {
                0 => drop(body.remove(at)),
                1 => body.insert(at, b"\r\n-\";:= "[(random >> 32) as usize % 8]),
                _ => body[at] = (random >> 32) as u8,
            }
        }
        // Names may have become something else than UTF-8.
        if core::str::from_utf8(&body).is_err() {
            continue;
        }
        let pieces: Vec<_> = (0..60).map(|_| entropy.next_u64() as usize % 20).collect();
        assert_eq!(read(&body, pieces), read(&body, []));
    }
}
