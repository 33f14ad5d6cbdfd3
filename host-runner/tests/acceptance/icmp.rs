//! ICMP echo, with the system's `ping`.

use crate::{
    case::{Case, case},
    device::{ADDRESS, Device, TAP},
    programs::output_of,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("icmp::ipv4", |device| ping(device, &["-c", "3", "-i", "0.01", &ADDRESS.to_string()])),
        case("icmp::ipv4_of_1472_bytes", |device| {
            ping(device, &["-c", "2", "-i", "0.01", "-s", "1472", &ADDRESS.to_string()]);
        }),
        case("icmp::ipv6", |device| ping(device, &["-6", "-c", "3", "-i", "0.01", "fd69::1"]))
            .tap_only("the board's figures are stated without IPv6"),
        case("icmp::ipv6_link_local", ipv6_link_local)
            .tap_only("the board's figures are stated without IPv6"),
    ]
}

fn ping(device: &Device, arguments: &[&str]) {
    let report = output_of(&device.folder, "ping", arguments);
    assert!(report.contains(" 0% packet loss"), "{report}");
}

fn ipv6_link_local(device: &Device) {
    // The EUI-64 address of the MAC 02:00:00:00:00:01.
    let address = format!("fe80::ff:fe00:1%{TAP}");
    ping(device, &["-6", "-c", "3", "-i", "0.01", &address]);
}
