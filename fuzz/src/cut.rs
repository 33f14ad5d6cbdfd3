//! Cuts an input into parts, as segments of a connection.

/// Cuts `data` into parts of 0 to 7 bytes, sometimes more. The cuts depend on the data only, so that an
/// input is reproducible.
pub fn cut(data: &[u8]) -> Vec<&[u8]> {
    let mut state = data
        .iter()
        .fold(data.len() as u32, |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let mut rest = data;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = (state >> 28 & 7) as usize;
        let length = if state >> 24 & 15 == 0 { length * 40 } else { length };
        let (part, others) = rest.split_at(length.min(rest.len()));
        parts.push(part);
        rest = others;
    }
    parts
}
