//! The capture as a pcap file.

use super::*;

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
        let mut reader = PcapReader::new(&capture);
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
    assert_eq!(read(&mut PcapReader::new(&capture)).len(), 24);
    capture.borrow_mut().record(b"first", Instant::from_millis(2001));
    let (mut one, mut two) = (PcapReader::new(&capture), PcapReader::new(&capture));
    capture.borrow_mut().record(b"unseen", NOW);
    let file = read(&mut one);
    assert_eq!(file[24..32], [2, 0, 0, 0, 0xe8, 3, 0, 0]);
    assert_eq!(&file[40..], b"first");
    drop(one);
    capture.borrow_mut().record(b"unseen", NOW);
    assert_eq!(read(&mut two), file);
    drop(two);
    capture.borrow_mut().record(b"second", NOW);
    assert!(read(&mut PcapReader::new(&capture)).ends_with(b"second"));
}

#[test]
fn a_capture_without_memory_keeps_no_frame() {
    let mut memory = CaptureResources::<0, 0>::new();
    let capture = RefCell::new(Capture::new(&mut memory));
    capture.borrow_mut().record(b"frame", NOW);
    assert_eq!(PcapReader::new(&capture).size(), 24);
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
    let mut reader = PcapReader::new(&capture);
    let file = read_all(64, |out| reader.read(&WallClock::new(), out));
    let frames = [&file[40..45], &file[61..65], &file[81..]];
    assert_eq!(frames, [&b"input"[..], b"sent", b"own"]);
}
