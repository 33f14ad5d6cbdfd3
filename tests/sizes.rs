//! What a connection and a waiting request cost in memory, as the documentation says. On a 32-bit
//! machine both are the same or less.

use bareserve::{
    http::{Connection, Files},
    net::{listener::syn::Syn, resources::TcpResources, tcp::slot::Slot},
    store::rom::RomStore,
};
use smoltcp::{iface::SocketStorage, storage::RingBuffer};

#[test]
fn a_waiting_request() {
    let documented = if cfg!(feature = "ipv6") { 72 } else { 48 };
    assert_eq!(size_of::<Syn>(), documented);
    assert_eq!(size_of::<Option<Syn>>(), documented);
}

#[test]
fn a_connection_without_its_protocol() {
    let documented = if cfg!(feature = "ipv6") { 104 } else { 72 };
    assert_eq!(size_of::<Slot>(), documented);
}

/// The table of `bareserve::http`: files from flash, a buffer of 1 KiB, a window of 1 KiB, 2 KiB to
/// send from, everything counted.
#[test]
fn a_connection_of_the_web_server() {
    type Web = Connection<Files<RomStore>, 1024>;
    // The tests' smoltcp has `alloc`, which makes both ring buffers of a socket larger by the same.
    let ring_without_alloc = size_of::<&mut [u8]>() + 2 * size_of::<usize>();
    let growth = 2 * (size_of::<RingBuffer<'static, u8>>() - ring_without_alloc);
    let storage = size_of::<SocketStorage<'static>>() - growth;
    let one = size_of::<TcpResources<Web, 2, 1024, 2048>>()
        - size_of::<TcpResources<Web, 1, 1024, 2048>>();
    assert_eq!(one, size_of::<Web>() + size_of::<Slot>() + 1024 + 2048);
    if cfg!(feature = "ipv6") && size_of::<usize>() == 8 {
        assert_eq!((size_of::<Web>(), size_of::<Slot>(), storage), (1528, 104, 472));
        assert_eq!(one + storage, 5176);
    }
}
