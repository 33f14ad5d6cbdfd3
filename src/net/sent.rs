//! What the frames that go out tell: whether those who sent them may have more to send at once.
//!
//! To ask each socket when it wants to be polled again takes as long as polling it. After a short
//! TCP segment there is no need to: it was all its socket had to say, and retransmissions and
//! delayed acknowledgements are due in 10 ms at the earliest.

use smoltcp::phy::{PacketMeta, TxToken};

/// The shortest frame in which a TCP segment may have no room for more: of peers that name no
/// maximum segment size, or the least that RFC 9293 section 3.7.1 knows, 536.
const LEAST_FULL_FRAME: usize = 14 + 20 + 20 + 536;

/// What is known of the frames sent since it was made.
#[derive(Debug, Default)]
pub struct Sent {
    has_more: bool,
}

impl Sent {
    /// Whether somebody may have had another frame to send.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// A token that takes note of its frame.
    pub(super) fn by<T>(&mut self, token: T) -> SentToken<'_, T> {
        SentToken { token, sent: self }
    }

    /// The same, if there is room for a frame.
    pub(super) fn try_by<T>(&mut self, token: Option<T>) -> Option<SentToken<'_, T>> {
        self.has_more |= token.is_none();
        token.map(|token| self.by(token))
    }
}

/// Room for a frame.
pub struct SentToken<'s, T> {
    token: T,
    sent: &'s mut Sent,
}

impl<T: TxToken> TxToken for SentToken<'_, T> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        self.token.consume(len, |frame| {
            let result = f(frame);
            self.sent.has_more |= len >= LEAST_FULL_FRAME || !is_tcp(frame);
            result
        })
    }

    fn set_meta(&mut self, meta: PacketMeta) {
        self.token.set_meta(meta);
    }
}

/// Whether an Ethernet frame has a TCP segment. A datagram may have others behind it, and a question
/// for a hardware address what it was asked for.
fn is_tcp(frame: &[u8]) -> bool {
    const TCP: u8 = 6;
    // Behind the EtherType, IPv4's protocol or IPv6's next header.
    let protocol = match frame.get(12..14) {
        Some([0x08, 0x00]) => 14 + 9,
        Some([0x86, 0xdd]) => 14 + 6,
        _ => return false,
    };
    frame.get(protocol) == Some(&TCP)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Anywhere;

    impl TxToken for Anywhere {
        fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
            f(&mut [0; 1514][..len])
        }
    }

    /// Whether there may be more behind a frame of this EtherType, with `protocol` at this place.
    fn has_more(len: usize, ethertype: u16, place: usize, protocol: u8) -> bool {
        let mut sent = Sent::default();
        sent.by(Anywhere).consume(len, |frame| {
            if let Some(place) = frame.get_mut(12..14) {
                place.copy_from_slice(&ethertype.to_be_bytes());
            }
            frame[place] = protocol;
        });
        sent.has_more()
    }

    #[test]
    fn only_a_short_segment_is_the_last() {
        for (ethertype, place) in [(0x0800, 23), (0x86dd, 20)] {
            assert!(!has_more(60, ethertype, place, 6));
            assert!(!has_more(LEAST_FULL_FRAME - 1, ethertype, place, 6));
            assert!(has_more(LEAST_FULL_FRAME, ethertype, place, 6));
            assert!(has_more(60, ethertype, place, 17), "UDP");
        }
        assert!(has_more(60, 0x0806, 23, 6), "ARP");
        assert!(has_more(13, 0, 0, 0), "not even a header");
    }

    #[test]
    fn who_finds_no_room_has_more() {
        let mut sent = Sent::default();
        assert!(sent.try_by(Some(Anywhere)).is_some());
        assert!(!sent.has_more());
        assert!(sent.try_by(None::<Anywhere>).is_none());
        assert!(sent.has_more());
    }
}
