//! The authority of a request: the value of Host, or that part of a target in absolute-form or
//! authority-form (RFC 9110 section 4.2, RFC 3986 section 3.2).

use super::bytes::{IP_LITERAL, REG_NAME, find};
use crate::wire::{number::parse_decimal, percent::is_pct_escape};

/// Whether `authority` is `uri-host [ ":" port ]`: a name, an IPv4 address or an IPv6 address in
/// brackets, and a port of at most 65,535, which may be left empty. In an `http` URI the host must
/// not be empty (RFC 9110 section 4.2.1). A user name or a list of hosts is invalid.
pub(super) fn is_valid_authority(authority: &[u8]) -> bool {
    let (is_host_valid, port) = match authority {
        [b'[', rest @ ..] => {
            let (host, rest) = rest.split_at_checked(IP_LITERAL.span(rest)).unwrap_or_default();
            let [b']', port @ ..] = rest else { return false };
            (find(b':', host).is_some(), port)
        }
        _ => {
            let (host, port) = authority.split_at_checked(name_len(authority)).unwrap_or_default();
            (!host.is_empty(), port)
        }
    };
    is_host_valid
        && match port {
            [] | [b':'] => true,
            [b':', digits @ ..] => parse_decimal(digits).is_some_and(|port| port <= 65_535),
            _ => false,
        }
}

/// The length of the name at the front of `authority` (`reg-name`, RFC 3986 section 3.2.2).
fn name_len(authority: &[u8]) -> usize {
    let mut len = 0;
    loop {
        len += REG_NAME.span(authority.get(len..).unwrap_or_default());
        match authority.get(len..) {
            Some(rest) if is_pct_escape(rest) => len += 3,
            _ => return len,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities() {
        for good in [
            "a",
            "example.com",
            "192.168.69.1",
            "localhost:8080",
            "h:",
            "[::1]",
            "[fe80::1]:80",
            "a%20b",
            "xn--bcher-kva.example",
        ] {
            assert!(is_valid_authority(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a b",
            "a/b",
            "user@host",
            "a,b",
            "a:b",
            "a:1:2",
            "a:65536",
            "[::1",
            "[]",
            "[::1]x",
            "a%2",
            "a%zz",
            "http://a",
            "a?b",
            "a#b",
            "a\\b",
            "\u{e9}",
            "[::1]]",
            "a:+1",
            "[::1%25eth0]",
        ] {
            assert!(!is_valid_authority(bad.as_bytes()), "{bad}");
        }
    }
}
