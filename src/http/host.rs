//! The authority of a request: the value of Host, or that part of a target in absolute-form or
//! authority-form (RFC 9110 section 4.2, RFC 3986 section 3.2).
//!
//! A page of another site can lead a browser to this server under a name of its own, when it changes
//! the address of that name (DNS rebinding). To the browser both are then one origin, so the page may
//! read every response. Only the name in the request tells such a page from the server's own, so each
//! request for an unknown name is refused with 421 (RFC 9110 section 15.5.20).

use super::bytes::{IP_LITERAL, REG_NAME, find, is_same_name};
use crate::wire::{number::parse_decimal, percent::is_pct_escape, search::split_once};

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

/// Whether the host of `authority`, which is valid, is an IP address, `localhost`, one of `names`, or
/// below one of these names (RFC 6761 section 6.3). A text of digits and dots is never looked up as a
/// name, so it need not be a valid address.
pub(super) fn is_known(authority: &[u8], names: &[&str]) -> bool {
    // The range is `./0123456789:`.
    let is_address = authority.first() == Some(&b'[')
        || authority.iter().all(|byte| matches!(byte, b'.'..=b':'));
    is_address
        || is_named(authority, "localhost")
        || names.iter().any(|name| is_named(authority, name))
}

fn is_named(authority: &[u8], name: &str) -> bool {
    let host = find(b':', authority).and_then(|end| authority.get(..end)).unwrap_or(authority);
    let split = host.len().checked_sub(name.len()).and_then(|at| host.split_at_checked(at));
    split.is_some_and(|(below, end)| {
        matches!(below, [] | [.., b'.']) && is_same_name(end, name.as_bytes())
    })
}

/// The port in `authority`, which is valid; that of `http` if it names none.
pub(super) fn port_of(authority: &str) -> &str {
    let (all, behind_literal) = split_once(authority, b']');
    split_once(behind_literal.unwrap_or(all), b':').1.unwrap_or("80")
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

    #[test]
    fn ports() {
        for (authority, port) in [
            ("a", "80"),
            ("a:8080", "8080"),
            ("[::1]", "80"),
            ("[::1]:81", "81"),
            ("192.168.69.1", "80"),
            ("192.168.69.1:6789", "6789"),
        ] {
            assert!(is_valid_authority(authority.as_bytes()), "{authority}");
            assert_eq!(port_of(authority), port, "{authority}");
        }
    }

    #[test]
    fn known_hosts() {
        let names = ["lamp.example"];
        for known in [
            "192.168.69.1",
            "127.0.0.1:8080",
            "[fd69::1]",
            "[::1]:80",
            "localhost",
            "LocalHost:8080",
            "a.b.localhost:1",
            "lamp.example:80",
            "LAMP.example",
            "a.lamp.example:",
        ] {
            assert!(is_valid_authority(known.as_bytes()), "{known}");
            assert!(is_known(known.as_bytes(), &names), "{known}");
        }
        for unknown in [
            "evil.example",
            "device",
            "192.168.69.1.evil.example",
            "1.a",
            "localhost.evil.example",
            "notlocalhost",
            "localhos",
            "lab.example:80",
            "alamp.example",
            "lamp.example.evil.example",
            "%6cocalhost",
            "x",
        ] {
            assert!(is_valid_authority(unknown.as_bytes()), "{unknown}");
            assert!(!is_known(unknown.as_bytes(), &names), "{unknown}");
        }
    }
}
