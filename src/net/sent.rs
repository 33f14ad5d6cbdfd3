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
