//! What one connection and one waiting request cost in memory, as the documentation says.

use bareserve::net::{slot::Slot, syn::Syn};

#[test]
fn sizes() {
    println!(
        "syn {} option {} slot {}",
        size_of::<Syn>(),
        size_of::<Option<Syn>>(),
        size_of::<Slot<()>>()
    );
    println!("ep {}", size_of::<smoltcp::wire::IpEndpoint>());
}
