//! What a connection and a waiting request cost in memory, as the documentation says. On a 32-bit
//! machine both are the same or less.

use bareserve::{
    http::{Connection, Files},
    net::{
        guard::Flow,
        listener::syn::Syn,
        resources::{
            PoolResources, StackResources, TcpClientResources, TcpResources, UdpResources,
        },
        tcp::slot::Slot,
    },
    services,
    store::{ram::RamMemory, rom::RomStore},
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
    let documented = if cfg!(feature = "ipv6") { 112 } else { 72 };
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
        let sizes = (size_of::<Web>(), size_of::<Slot>(), size_of::<Flow>(), storage);
        assert_eq!(sizes, (1552, 112, 200, 472));
        assert_eq!(one + size_of::<Flow>() + storage, 5408);
    }
}

/// A take-once cell (`static_cell`, a local resource of RTIC) hands out memory that is `Send`.
#[test]
fn all_memory_is_send() {
    fn is_send<T: Send>() {}
    type Site = Files<RomStore>;
    type Pool = (
        services::web::Tcp<Site, 1024>,
        services::files::Tcp<'static, RomStore>,
        services::time::Tcp,
        services::ping::Tcp<128>,
    );
    is_send::<StackResources<'static, 8, 16>>();
    is_send::<TcpResources<Connection<Site, 1024>, 4, 1024, 2048>>();
    is_send::<PoolResources<Pool, 6, 536, 1536>>();
    is_send::<TcpClientResources<64, 64>>();
    is_send::<UdpResources<4, 64>>();
    is_send::<services::time::UdpResources>();
    is_send::<services::ping::UdpResources>();
    is_send::<RamMemory<4, 4>>();
}
