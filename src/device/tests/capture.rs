//! The capture as a pcap file.

use super::*;
use crate::http::auth;
use base64ct::{Base64, Encoding};

#[test]
fn the_capture_is_a_pcap_file_of_the_last_frames() {
    let mut memory = CaptureResources::<3, 4>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    for n in 0..5_u8 {
        let frame: Vec<u8> = (0..=n).map(|byte| 16 * n + byte).collect();
        let time = Instant::from_micros(1_500_000 * i64::from(n));
        capture.borrow_mut().record(&frame, time);
    }
    let words =
        |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    let expected = [
        words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 4, 1]),
        words(&[1_700_000_003, 0, 3, 3]),
        vec![0x20, 0x21, 0x22],
        words(&[1_700_000_004, 500_000, 4, 4]),
        vec![0x30, 0x31, 0x32, 0x33],
        words(&[1_700_000_006, 0, 4, 5]),
        vec![0x40, 0x41, 0x42, 0x43],
    ]
    .concat();
    for size in 1..=expected.len() + 1 {
        let mut reader = PcapReader::new(&capture, None);
        assert_eq!(reader.size(), expected.len() as u64);
        let file = read_all(size, |out| {
            at(NOW, Registry::default(), |env| reader.read(env.wall_clock, out))
        });
        assert_eq!(file, expected);
    }
}

#[test]
fn recording_pauses_while_a_reader_exists() {
    let mut memory = CaptureResources::<2, 8>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    let clock = WallClock::new();
    let read = |reader: &mut PcapReader<'_>| read_all(10, |out| reader.read(&clock, out));
    assert_eq!(read(&mut PcapReader::new(&capture, None)).len(), 24);
    capture.borrow_mut().record(b"first", Instant::from_millis(2001));
    let (mut one, mut two) = (PcapReader::new(&capture, None), PcapReader::new(&capture, None));
    capture.borrow_mut().record(b"unseen", NOW);
    let file = read(&mut one);
    assert_eq!(file[24..32], [2, 0, 0, 0, 0xe8, 3, 0, 0]);
    assert_eq!(&file[40..], b"first");
    drop(one);
    capture.borrow_mut().record(b"unseen", NOW);
    assert_eq!(read(&mut two), file);
    drop(two);
    capture.borrow_mut().record(b"second", NOW);
    assert!(read(&mut PcapReader::new(&capture, None)).ends_with(b"second"));
}

#[test]
fn a_capture_without_memory_keeps_no_frame() {
    let mut memory = CaptureResources::<0, 0>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    capture.borrow_mut().record(b"frame", NOW);
    assert_eq!(PcapReader::new(&capture, None).size(), 24);
}

/// A device that receives the same frame again and again.
struct Constant;

struct Frame([u8; 5]);

impl RxToken for Frame {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl TxToken for Frame {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, length: usize, f: F) -> R {
        f(&mut self.0[..length])
    }
}

impl Device for Constant {
    type RxToken<'t> = Frame;
    type TxToken<'t> = Frame;

    fn receive(&mut self, _: Instant) -> Option<(Frame, Frame)> {
        Some((Frame(*b"input"), Frame([0; 5])))
    }

    fn transmit(&mut self, _: Instant) -> Option<Frame> {
        Some(Frame([0; 5]))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        DeviceCapabilities::default()
    }
}

#[test]
fn a_recorder_keeps_received_and_sent_frames() {
    let mut memory = CaptureResources::<8, 64>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    let mut device = Recorder { device: Constant, capture: &capture };
    let (rx, tx) = device.receive(NOW).unwrap();
    assert_eq!(RxToken::consume(rx, <[u8]>::to_vec), b"input");
    TxToken::consume(tx, 4, |frame| frame.copy_from_slice(b"sent"));
    let tx = device.transmit(NOW).unwrap();
    TxToken::consume(tx, 3, |frame| frame.copy_from_slice(b"own"));
    let mut reader = PcapReader::new(&capture, None);
    let file = read_all(64, |out| reader.read(&WallClock::new(), out));
    let frames = [&file[40..45], &file[61..65], &file[81..]];
    assert_eq!(frames, [&b"input"[..], b"sent", b"own"]);
}

/// All bytes of frames in a pcap file, each frame with its length on the wire.
fn frames_of(mut file: &[u8]) -> Vec<(usize, Vec<u8>)> {
    file = &file[24..];
    let mut frames = vec![];
    while !file.is_empty() {
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let (kept, length) = (word(8), word(12));
        frames.push((length, file[16..16 + kept].to_vec()));
        file = &file[16 + kept..];
    }
    frames
}

#[test]
fn a_frame_ends_before_the_token() {
    const TEXT: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    let token = auth::Token::from_text(TEXT).unwrap();
    let basic = |text: &str| String::from(Base64::encode(text.as_bytes(), &mut [0; 100]).unwrap());
    let frames: &[(&str, usize)] = &[
        (&format!("GET /?token={TEXT} HTTP/1.1"), 12),
        (&format!("Cookie: a=b; bareserve-token-80={TEXT}\r\n\r\n"), 32),
        (&format!("{{\"token\": \"{TEXT}\", \"filename\": \"a\"}}"), 11),
        // Cut by the end of a segment, or by that of the part which is kept.
        ("Authorization: Bearer 0f1e2d3c4b", 22),
        ("e1f0\r\nAccept: */*\r\n\r\n", 21),
        ("a5b4c3d2e1f0\r\n\r\n", 0),
        // In base64 up to two characters of the token share bits with the text before it.
        (&format!("Basic {}", basic(&format!(":{TEXT}"))), 8),
        (&format!("Basic {}", basic(&format!("a:{TEXT}"))), 9),
        (&format!("Basic {}", basic(&format!("ab:{TEXT}"))), 10),
        (&format!("Basic {}", basic(&format!("a long user:{TEXT}"))), 22),
        ("0f1e2d3 is no piece", 19),
    ];
    let mut memory = CaptureResources::<16, 80>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    for (frame, _) in frames {
        capture.borrow_mut().record(frame.as_bytes(), NOW);
    }
    let clock = WallClock::new();
    for _ in 0..2 {
        let mut reader = PcapReader::new(&capture, Some(&token));
        let file = read_all(50, |out| reader.read(&clock, out));
        assert_eq!(reader.size(), file.len() as u64);
        let found = frames_of(&file);
        assert_eq!(found.len(), frames.len());
        for ((frame, kept), (length, bytes)) in frames.iter().zip(found) {
            assert_eq!((length, bytes.len()), (frame.len(), *kept), "{frame}");
            assert_eq!(bytes, frame.as_bytes()[..*kept]);
        }
    }
    // Without a token nothing is cut, and no memory is no obstacle.
    let mut memory = CaptureResources::<0, 0>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    assert_eq!(PcapReader::new(&capture, Some(&token)).size(), 24);
}
