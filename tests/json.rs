//! The JSON writer and scanner at every split of their input (RFC 8259).

use bareserve::{
    entropy::{Entropy, SeededEntropy},
    wire::{
        json::{Bytes, Event, ScanError, Scanner, scan::MAX_DEPTH, write::quote},
        writer::ResumableWriter,
    },
};

/// A text, and the result of `json.dumps` in Python 3.
const STRINGS: &[(&str, &str)] = &[
    ("", r#""""#),
    ("guido.jpg", r#""guido.jpg""#),
    ("say \"hi\"", r#""say \"hi\"""#),
    ("back\\slash/", r#""back\\slash/""#),
    (
        "\u{0}\u{1}\u{7}\u{8}\u{9}\u{a}\u{b}\u{c}\u{d}\u{e}\u{1f}",
        r#""\u0000\u0001\u0007\b\t\n\u000b\f\r\u000e\u001f""#,
    ),
    (" ~\u{7f}", r#"" ~\u007f""#),
    ("\u{80}\u{a0}\u{ff}\u{100}", r#""\u0080\u00a0\u00ff\u0100""#),
    ("\u{e9}\u{65e5}\u{672c}\u{8a9e}", r#""\u00e9\u65e5\u672c\u8a9e""#),
    ("\u{2028}\u{2029}\u{feff}\u{ffff}", r#""\u2028\u2029\ufeff\uffff""#),
    ("\u{10000}\u{1f600}\u{10ffff}", r#""\ud800\udc00\ud83d\ude00\udbff\udfff""#),
    ("a\u{1f600}b", r#""a\ud83d\ude00b""#),
];

/// The text that `write` writes, through slices of `room` bytes.
fn shown(room: usize, write: impl Fn(&mut ResumableWriter<'_>)) -> String {
    let (mut text, mut slice) = (Vec::new(), vec![0; room]);
    loop {
        let mut window = ResumableWriter::new(&mut slice, text.len());
        write(&mut window);
        let (length, is_complete) = (window.written(), window.is_complete());
        text.extend_from_slice(&slice[..length]);
        if is_complete {
            return String::from_utf8(text).unwrap();
        }
        assert_eq!(length, room);
    }
}

#[test]
fn escapes_like_python_through_slices_of_any_size() {
    for (text, escaped) in STRINGS {
        for room in 1..40 {
            assert_eq!(shown(room, |out| quote(text, out)), *escaped, "room {room}");
        }
    }
}

#[test]
fn characters_round_trip() {
    let codes = (0..0x900).chain((0xd700..=0xe0ff).chain(0x900..=0x10_ffff).step_by(61));
    for character in codes.filter_map(char::from_u32) {
        let mut utf8 = [0; 4];
        let text = character.encode_utf8(&mut utf8);
        let object = shown(99, |out| {
            out.put("{");
            quote(text, out);
            out.put(":\"\"}");
        });
        assert!(object.is_ascii());
        let seen = [Seen::Member(text.into()), Seen::Text(String::new()), Seen::End];
        assert_eq!(scan(&[object.as_bytes()]).unwrap(), seen);
        let raw = format!("{{\"{text}\":\"\"}}");
        match character {
            '\0'..' ' => assert_eq!(scan(&[raw.as_bytes()]), Err(ScanError::Control)),
            '"' | '\\' => assert!(scan(&[raw.as_bytes()]).is_err()),
            _ => assert_eq!(scan(&[raw.as_bytes()]).unwrap(), seen),
        }
    }
}

/// Events, with the parts of texts joined.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Member(String),
    Text(String),
    Number(String),
    Other,
    End,
}

fn scan(parts: &[&[u8]]) -> Result<Vec<Seen>, ScanError> {
    let (mut scanner, mut seen, mut bytes) = (Scanner::new(), Vec::new(), Vec::new());
    for part in parts {
        let mut input = *part;
        while let Some(event) = scanner.next(&mut input)? {
            let mut text = || String::from_utf8(std::mem::take(&mut bytes)).unwrap();
            match event {
                Event::NameEnd => seen.push(Seen::Member(text())),
                Event::TextEnd => seen.push(Seen::Text(text())),
                Event::NumberEnd => seen.push(Seen::Number(text())),
                Event::Name(part) | Event::Text(part) => match part {
                    Bytes::Plain(part) => bytes.extend_from_slice(part),
                    part => bytes.extend_from_slice(part.as_slice(&mut [0; 4])),
                },
                Event::Number(part) => bytes.extend_from_slice(part),
                Event::Other => seen.push(Seen::Other),
                Event::End => seen.push(Seen::End),
            }
        }
    }
    Ok(seen)
}

/// Scans `text` in one piece, in every two, and byte by byte.
fn scan_all_ways(text: &[u8]) -> Result<Vec<Seen>, ScanError> {
    let whole = scan(&[text]);
    for cut in 0..=text.len() {
        let (left, right) = text.split_at(cut);
        assert_eq!(scan(&[left, right]), whole, "cut at {cut}");
    }
    assert_eq!(scan(&text.chunks(1).collect::<Vec<_>>()), whole);
    whole
}

#[test]
fn members_in_any_order_and_form() {
    let name = |name: &str| Seen::Member(name.into());
    let text = |text: &str| Seen::Text(text.into());
    let number = |number: &str| Seen::Number(number.into());
    let cases = [
        ("{}", vec![]),
        (" \t\r\n{ \n} \t\r\n", vec![]),
        (r#"{"a":"b"}"#, vec![name("a"), text("b")]),
        (r#"{"":"","b" : "c" }"#, vec![name(""), text(""), name("b"), text("c")]),
        (r#"{"é":"日本語😀"}"#, vec![name("é"), text("日本語😀")]),
        (r#"{"\u0061\/":"\"\\\b\f\n\r\t"}"#, vec![name("a/"), text("\"\\\u{8}\u{c}\n\r\t")]),
        (r#"{"a":"\uD83d\uDe00\u0000\uffff"}"#, vec![name("a"), text("😀\0\u{ffff}")]),
        (r#"{"a":0,"b":-10.5e+01}"#, vec![name("a"), number("0"), name("b"), number("-10.5e+01")]),
        (r#"{"a":true,"b":null}"#, vec![name("a"), Seen::Other, name("b"), Seen::Other]),
        (
            r#"{"a":{"x":["y",{"z":-0}],"":{}},"b":[],"c":[[1,"]"],{"}":false}]}"#,
            vec![name("a"), Seen::Other, name("b"), Seen::Other, name("c"), Seen::Other],
        ),
    ];
    for (object, mut seen) in cases {
        seen.push(Seen::End);
        assert_eq!(scan_all_ways(object.as_bytes()), Ok(seen), "{object}");
    }
}

#[test]
fn invalid_json_is_refused() {
    use ScanError::{Control, Escape, Unexpected, Utf8};
    let cases: &[(&[u8], ScanError)] = &[
        (b"[]", Unexpected(b'[')),
        (b"\"a\"", Unexpected(b'"')),
        (b"\xef\xbb\xbf{}", Unexpected(0xef)),
        (b"{,}", Unexpected(b',')),
        (b"{\"a\"}", Unexpected(b'}')),
        (b"{\"a\":}", Unexpected(b'}')),
        (b"{\"a\":1,}", Unexpected(b'}')),
        (b"{\"a\":1 \"b\":2}", Unexpected(b'"')),
        (b"{\"a\":[1,]}", Unexpected(b']')),
        (b"{\"a\":[,1]}", Unexpected(b',')),
        (b"{\"a\":[1}", Unexpected(b'}')),
        (b"{\"a\":{]}", Unexpected(b']')),
        (b"{a:1}", Unexpected(b'a')),
        (b"{'a':1}", Unexpected(b'\'')),
        (b"{\"a\":01}", Unexpected(b'1')),
        (b"{\"a\":-}", Unexpected(b'}')),
        (b"{\"a\":1.}", Unexpected(b'}')),
        (b"{\"a\":.5}", Unexpected(b'.')),
        (b"{\"a\":+1}", Unexpected(b'+')),
        (b"{\"a\":1e}", Unexpected(b'}')),
        (b"{\"a\":NaN}", Unexpected(b'N')),
        (b"{\"a\":trux}", Unexpected(b'x')),
        (b"{\"a\":nul}", Unexpected(b'}')),
        (b"{\"a\":truefalse}", Unexpected(b'f')),
        (b"{} {", Unexpected(b'{')),
        (b"{}\0", Unexpected(0)),
        (b"{\"a\":\"\n\"}", Control),
        (b"{\"a\":[\"\x1f\"]}", Control),
        (b"{\"a\":\"\\x\"}", Escape),
        (b"{\"a\":\"\\u12g4\"}", Escape),
        (b"{\"a\":\"\\ud800\"}", Escape),
        (b"{\"a\":\"\\ud800x\"}", Escape),
        (b"{\"a\":\"\\ud800\\n\"}", Escape),
        (b"{\"a\":\"\\ud800\\ud800\"}", Escape),
        (b"{\"a\":\"\\udc00\"}", Escape),
        (b"{\"a\":\"\x80\"}", Utf8),
        (b"{\"a\":\"\xc0\x80\"}", Utf8),
        (b"{\"a\":\"\xe0\x9f\xbf\"}", Utf8),
        (b"{\"a\":\"\xed\xa0\x80\"}", Utf8),
        (b"{\"a\":\"\xf4\x90\x80\x80\"}", Utf8),
        (b"{\"a\":\"\xc3\"}", Utf8),
        (b"{\"\xff\":1}", Utf8),
    ];
    for (text, error) in cases {
        assert_eq!(scan_all_ways(text), Err(*error), "{}", text.escape_ascii());
    }
}

#[test]
fn an_incomplete_object_never_ends() {
    let object = r#"{"filename": "\ud83d\ude00é", "n": [-1.5e3, {"x": null}], "filedata": "Zm8="}"#;
    for end in 0..object.len() {
        let mut scanner = Scanner::new();
        let mut input = &object.as_bytes()[..end];
        while let Some(event) = scanner.next(&mut input).unwrap() {
            assert_ne!(event, Event::End);
        }
        assert!(!scanner.is_at_end());
    }
}

#[test]
fn an_error_is_permanent() {
    let mut scanner = Scanner::new();
    assert_eq!(scanner.next(&mut &b"x"[..]), Err(ScanError::Unexpected(b'x')));
    assert_eq!(scanner.next(&mut &b"{}"[..]), Err(ScanError::Unexpected(b'x')));
}

#[test]
fn nesting_is_counted_and_bounded() {
    let nested = |depth: usize, open: &str, close: &str| {
        format!("{{\"a\":{}1{}}}", open.repeat(depth), close.repeat(depth))
    };
    let deepest = MAX_DEPTH as usize - 1;
    for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
        assert!(scan(&[nested(deepest, open, close).as_bytes()]).is_ok());
        for depth in [deepest + 1, 10_000] {
            let text = nested(depth, open, close);
            assert_eq!(scan(&[text.as_bytes()]), Err(ScanError::TooDeep));
        }
    }
}

#[test]
fn random_texts_round_trip() {
    for seed in 0..500 {
        let mut random = SeededEntropy::new(seed);
        let text: String = (0..random.next_u64() % 50)
            .filter_map(|_| {
                let bound = [0x80, 0x800, 0x1_0000, 0x11_0000][(random.next_u64() % 4) as usize];
                char::from_u32((random.next_u64() % bound) as u32)
            })
            .collect();
        let object = shown(1 + (random.next_u64() % 9) as usize, |out| {
            out.put("{\"t\": ");
            quote(&text, out);
            out.put("}");
        });
        let seen = scan_all_ways(object.as_bytes()).unwrap();
        assert_eq!(seen, [Seen::Member("t".into()), Seen::Text(text), Seen::End], "seed {seed}");
    }
}
