//! What a connection and a waiting request cost in memory, as the documentation says. On a 32-bit
//! machine both are the same or less.

use bareserve::net::{slot::Slot, syn::Syn};

#[test]
fn a_waiting_request() {
    let documented = if cfg!(feature = "ipv6") { 72 } else { 48 };
    assert_eq!(size_of::<Syn>(), documented);
    assert_eq!(size_of::<Option<Syn>>(), documented);
}

#[test]
fn a_connection_without_its_protocol() {
    let documented = if cfg!(feature = "ipv6") { 104 } else { 72 };
    assert_eq!(size_of::<Slot<()>>(), documented);
}
