//! Inspects the frames that are sent, to determine whether a socket has more to send at once.
//!
//! Asking each socket when it is due takes as long as polling it. A TCP segment that empties the
//! transmit buffer of its socket makes that unnecessary: smoltcp marks it with PSH or FIN, and the
//! retransmission or delayed acknowledgement of that socket is due in 10 ms at the earliest.

use smoltcp::phy::{self, PacketMeta};

/// The result for the frames sent since it was created.
#[derive(Debug, Default)]
pub struct TxMonitor {
    has_more: bool,
}

impl TxMonitor {
    /// Whether a socket may have another frame to send.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// Wraps a token so that its frame is inspected.
    pub(super) fn monitor<T>(&mut self, token: T) -> TxToken<'_, T> {
        TxToken { token, monitor: self }
    }

    /// Wraps a token, if the device has room for a frame. Without room, sockets may have more to send.
    pub(super) fn monitor_if_any<T>(&mut self, token: Option<T>) -> Option<TxToken<'_, T>> {
        self.has_more |= token.is_none();
        token.map(|token| self.monitor(token))
    }
}

/// Room for a frame.
pub struct TxToken<'s, T> {
    token: T,
    monitor: &'s mut TxMonitor,
}

impl<T: phy::TxToken> phy::TxToken for TxToken<'_, T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        self.token.consume(len, |frame| {
            let result = f(frame);
            self.monitor.has_more |= !is_last_segment(frame);
            result
        })
    }

    fn set_meta(&mut self, meta: PacketMeta) {
        self.token.set_meta(meta);
    }
}

/// Whether an Ethernet frame holds the last TCP segment that its socket can send now: one without data,
/// or with FIN, SYN, RST or PSH. A short segment need not be the last: the buffer is a ring, and the
/// bytes behind its end are sent in another segment. More datagrams may follow a datagram, and the
/// packet that caused it follows an ARP request or a neighbor solicitation.
fn is_last_segment(frame: &[u8]) -> bool {
    const TCP: u8 = 6;
    // The offsets of the protocol (IPv4) or next header (IPv6) and of the segment; smoltcp sends no IP
    // options.
    let (protocol, segment) = match frame.get(12..14) {
        Some([0x08, 0x00]) => (14 + 9, 14 + 20),
        Some([0x86, 0xdd]) => (14 + 6, 14 + 40),
        _ => return false,
    };
    let Some(&[data_offset, flags]) = frame.get(segment + 12..segment + 14) else { return false };
    let is_empty = frame.len() <= segment + 4 * usize::from(data_offset >> 4);
    frame.get(protocol) == Some(&TCP) && (is_empty || flags & 0xf != 0)
}

#[cfg(test)]
mod tests {
    use smoltcp::phy::TxToken as _;

    use super::*;

    struct Anywhere;

    impl phy::TxToken for Anywhere {
        fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
            f(&mut [0; 1514][..len])
        }
    }

    /// Whether more may follow a frame with an IP packet of `protocol`, which has a TCP header of 20
    /// bytes with these flags and `data` bytes of payload.
    fn has_more(ethertype: u16, protocol: u8, flags: u8, data: usize) -> bool {
        let (place, segment) = if ethertype == 0x0800 { (23, 34) } else { (20, 54) };
        let mut sent = TxMonitor::default();
        sent.monitor(Anywhere).consume(segment + 20 + data, |frame| {
            frame[12..14].copy_from_slice(&ethertype.to_be_bytes());
            frame[place] = protocol;
            frame[segment + 12] = 5 << 4;
            frame[segment + 13] = flags;
        });
        sent.has_more()
    }

    #[test]
    fn only_a_marked_or_empty_segment_is_the_last() {
        const ACK: u8 = 0x10;
        for ethertype in [0x0800, 0x86dd] {
            assert!(!has_more(ethertype, 6, ACK, 0));
            for flag in [1, 2, 4, 8] {
                assert!(!has_more(ethertype, 6, ACK | flag, 1000));
            }
            assert!(has_more(ethertype, 6, ACK, 1), "the end of the ring");
            assert!(has_more(ethertype, 17, 0xff, 1), "UDP");
        }
        assert!(has_more(0x0806, 6, 0xff, 0), "ARP");
        let mut sent = TxMonitor::default();
        sent.monitor(Anywhere).consume(13, |_| ());
        assert!(sent.has_more(), "not even a header");
    }

    #[test]
    fn a_socket_without_room_has_more() {
        let mut sent = TxMonitor::default();
        assert!(sent.monitor_if_any(Some(Anywhere)).is_some());
        assert!(!sent.has_more());
        assert!(sent.monitor_if_any(None::<Anywhere>).is_none());
        assert!(sent.has_more());
    }
}
