//! Base64 at every split of its input; other texts are refused.

use bareserve::{
    entropy::{Entropy, SeededEntropy},
    wire::base64::{Decoder, Encoder, InvalidBase64},
};

/// RFC 4648 section 10.
const VECTORS: &[(&str, &str)] = &[
    ("", ""),
    ("f", "Zg=="),
    ("fo", "Zm8="),
    ("foo", "Zm9v"),
    ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
];

fn encode(parts: &[&[u8]], room: usize) -> Vec<u8> {
    let (mut encoder, mut text, mut output) = (Encoder::new(), Vec::new(), vec![0; room]);
    for part in parts {
        let mut rest = *part;
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

fn decode(parts: &[&[u8]], room: usize) -> Result<Vec<u8>, InvalidBase64> {
    let (mut decoder, mut bytes, mut output) = (Decoder::new(), Vec::new(), vec![0; room]);
    for part in parts {
        let mut rest = *part;
        while !rest.is_empty() {
            let moved = decoder.decode(rest, &mut output)?;
            assert!(moved.taken > 0);
            bytes.extend_from_slice(&output[..moved.given]);
            rest = &rest[moved.taken..];
        }
    }
    decoder.finish().map(|()| bytes)
}

#[test]
fn vectors_at_every_split_and_with_any_room() {
    for (bytes, text) in VECTORS {
        let (bytes, text) = (bytes.as_bytes(), text.as_bytes());
        for room in 1..12 {
            for cut in 0..=bytes.len() {
                let (left, right) = bytes.split_at(cut);
                assert_eq!(encode(&[left, right], room), text);
            }
            for cut in 0..=text.len() {
                let (left, right) = text.split_at(cut);
                assert_eq!(decode(&[left, right], room.max(3)).as_deref(), Ok(bytes));
            }
        }
    }
}

#[test]
fn random_bytes_round_trip_at_any_split() {
    for seed in 0..300 {
        let mut random = SeededEntropy::new(seed);
        let mut below = |bound| 1 + (random.next_u64() % bound) as usize;
        let mut bytes = vec![0; below(5000)];
        let (part, room) = (below(70), below(70));
        random.fill(&mut bytes);
        let whole = encode(&[&bytes], 8192);
        let text = encode(&bytes.chunks(part).collect::<Vec<_>>(), room);
        assert_eq!(text, whole, "seed {seed}");
        let back = decode(&text.chunks(part).collect::<Vec<_>>(), room.max(3));
        assert_eq!(back, Ok(bytes), "seed {seed}");
    }
}

/// All texts of up to 8 characters from a set of five: exactly those that the encoder produces are
/// accepted, which covers padding, its position and the bits that it leaves unused.
#[test]
fn only_encoded_texts_are_accepted() {
    let mut accepted = 0;
    for length in 0..=8_u32 {
        for number in 0..5_usize.pow(length) {
            let character = |place| b"AQ/=-"[number / 5_usize.pow(place) % 5];
            let text: Vec<u8> = (0..length).map(character).collect();
            let whole = decode(&[&text], 64);
            if length < 7 {
                assert_eq!(decode(&text.chunks(1).collect::<Vec<_>>(), 3), whole);
            }
            if let Ok(bytes) = whole {
                assert_eq!(encode(&[&bytes], 64), text);
                accepted += 1;
            }
        }
    }
    // One block: 81 whole, 18 with one padding character, 6 with two. Two blocks: a whole one first.
    assert_eq!(accepted, 1 + (81 + 18 + 6) + 81 * (81 + 18 + 6));
}

#[test]
fn bad_texts_are_refused() {
    for text in [
        "Zg=", "Zg", "Z", "Z===", "====", "=", "Zg==Zg==", "Zm8=Zm9v", "Zg==\n", " Zg==",
        "Zm9v\r\n", "Zh==", "Zm9=", "Zm-v", "Zm_v", "Zm9\0", "Z=g=", "Zm=v", "Zm9v=", "Zm9v====",
    ] {
        assert_eq!(decode(&[text.as_bytes()], 64), Err(InvalidBase64), "{text:?}");
        assert_eq!(decode(&text.as_bytes().chunks(1).collect::<Vec<_>>(), 3), Err(InvalidBase64));
    }
}
