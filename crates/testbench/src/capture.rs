//! Captures of frames for Wireshark.

use std::{io, path::Path};

use smoltcp::time::Instant;

/// Writes `frames` as a pcap file of link type Ethernet (draft-ietf-opsawg-pcap, little-endian).
///
/// # Errors
/// Those of writing the file.
pub fn write(path: &Path, frames: &[(Instant, Vec<u8>)]) -> io::Result<()> {
    let mut file = Vec::new();
    // Magic number, version 2.4, two reserved fields, longest frame, link type.
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(word.to_le_bytes());
    }
    for (at, frame) in frames {
        let micros = at.total_micros() as u64;
        let length = frame.len() as u32;
        let header = [(micros / 1_000_000) as u32, (micros % 1_000_000) as u32, length, length];
        file.extend(header.iter().flat_map(|word| word.to_le_bytes()));
        file.extend(frame);
    }
    std::fs::write(path, file)
}
