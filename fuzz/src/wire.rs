//! JSON and base64.

use bareserve::wire::{
    base64::{Decoder, Encoder},
    json::{Bytes, Event, ScanError, Scanner},
};

use super::cut::cut;

/// Seeds of [`json`].
pub const JSON: &[&[u8]] = &[
    br#"{"filename": "guido.jpg", "filedata": "R0lGODlhAQABAAAAACw="}"#,
    br#" { "a" : [ 1 , -0.5e+10 , true , false , null , { "b" : [ ] } ] , "c" : { } } "#,
    br#"{"\u0041\ud83d\ude00\n\/":"\"\\\b\f\n\r\t","":""}"#,
    "{\"é\":\"日本語😀\"}".as_bytes(),
    b"{\"a\":\"\xed\xa0\x80\"}",
    br#"{"a":"\ud800","b":01,"c":1.,"d":+1}"#,
    br#"{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"#,
    br#"{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"#,
];

/// The scanner gives the same result for every split of the input, and agrees with `serde_json`.
pub fn json(data: &[u8]) {
    let whole = members(&[data]);
    assert_eq!(whole, members(&cut(data)));
    let single: Vec<&[u8]> = data.chunks(1).collect();
    assert_eq!(whole, members(&single));
    let reference = serde_json::from_slice::<serde_json::Map<_, _>>(data);
    match (whole, reference) {
        (Ok((true, members)), Ok(reference)) => {
            for (name, text) in members {
                // Of members with the same name, the reference keeps the last.
                let Some(text) = text else { continue };
                let name = String::from_utf8(name).expect("names are UTF-8");
                let text = String::from_utf8(text).expect("texts are UTF-8");
                let value = &reference[&name];
                if let serde_json::Value::String(value) = value {
                    assert!(*value == text || has_twice(data));
                }
            }
        }
        (Ok((false, _)), Err(_)) | (Err(_), Err(_)) => {}
        // The reference accepts 128 levels.
        (Err(ScanError::TooDeep), Ok(_)) => {}
        // The reference refuses numbers that overflow.
        (Ok((true, _)), Err(error)) => {
            assert!(error.to_string().starts_with("number out of range"), "{error}");
        }
        (whole, Ok(_)) => panic!("{whole:?}, but the reference accepts it"),
    }
}

type Members = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Whether the object is complete, and its members: the name and, if the value is a string, the text.
fn members(parts: &[&[u8]]) -> Result<(bool, Members), ScanError> {
    let mut scanner = Scanner::new();
    let mut members = Members::new();
    let mut in_name = false;
    for &part in parts {
        let mut input = part;
        while let Some(event) = scanner.next(&mut input)? {
            let bytes = |part: Bytes<'_>| part.as_slice(&mut [0; 4]).to_vec();
            match event {
                Event::Name(part) => {
                    if !in_name {
                        members.push((Vec::new(), None));
                    }
                    in_name = true;
                    members.last_mut().unwrap().0.extend(bytes(part));
                }
                Event::NameEnd => {
                    if !in_name {
                        members.push((Vec::new(), None));
                    }
                    in_name = false;
                }
                Event::Text(part) => {
                    members.last_mut().unwrap().1.get_or_insert_default().extend(bytes(part));
                }
                Event::TextEnd => {
                    members.last_mut().unwrap().1.get_or_insert_default();
                }
                Event::Number(_) | Event::NumberEnd | Event::Other => {}
                Event::End => assert!(scanner.is_at_end()),
            }
        }
        assert!(input.is_empty());
    }
    Ok((scanner.is_at_end(), members))
}

/// Whether two members have the same name: the texts are not compared then.
fn has_twice(data: &[u8]) -> bool {
    members(&[data]).is_ok_and(|(_, members)| {
        members
            .iter()
            .enumerate()
            .any(|(index, (name, _))| members[..index].iter().any(|(other, _)| other == name))
    })
}

/// Seeds of [`base64`].
pub const BASE64: &[&[u8]] = &[
    b"",
    b"Zg==",
    b"Zm8=",
    b"Zm9v",
    b"Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9v",
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"Zh==",
    b"Zm9=",
    b"Zg==Zg==",
];

/// A text that decodes is the encoding of the result, and any bytes survive encoding and decoding.
pub fn base64(data: &[u8]) {
    let whole = decode(&[data], 4096);
    for room in [3, 4, 5, 64] {
        assert_eq!(whole, decode(&cut(data), room));
    }
    if let Some(bytes) = whole {
        assert!(bytes.len() <= data.len() / 4 * 3);
        assert_eq!(encode(&[&bytes], 4096), data);
    }
    let text = encode(&[data], 7);
    assert_eq!(text.len(), data.len().div_ceil(3) * 4);
    assert_eq!(text, encode(&cut(data), 1));
    assert_eq!(decode(&[&text], 64).as_deref(), Some(data));
}

fn decode(parts: &[&[u8]], room: usize) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new();
    let (mut bytes, mut output) = (Vec::new(), vec![0; room]);
    for &part in parts {
        let mut rest = part;
        while !rest.is_empty() {
            let moved = decoder.decode(rest, &mut output).ok()?;
            assert!(moved.taken > 0);
            bytes.extend_from_slice(&output[..moved.given]);
            rest = &rest[moved.taken..];
        }
    }
    decoder.finish().ok()?;
    Some(bytes)
}

fn encode(parts: &[&[u8]], room: usize) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let (mut text, mut output) = (Vec::new(), vec![0; room]);
    for &part in parts {
        let mut rest = part;
        while !rest.is_empty() {
            let moved = encoder.encode(rest, &mut output);
            assert!(moved.taken + moved.given > 0);
            text.extend_from_slice(&output[..moved.given]);
            rest = &rest[moved.taken..];
        }
    }
    loop {
        match encoder.finish(&mut output) {
            0 => return text,
            given => text.extend_from_slice(&output[..given]),
        }
    }
}
