//! What pages of other origins can do: nothing. Decided by a browser.

use crate::{
    browser::browse,
    case::{Case, case},
    device::{ADDRESS, Device},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("access::rebinding", rebinding)
            .with_options(&["--host-name", "lamp.example"])
            .tap_only("a board has no configured names"),
        case("access::stored_page", stored_page).with_options(&["--writable"]),
        case("access::other_port", other_port).with_options(&["--writable"]),
    ]
}

fn rebinding(device: &Device) {
    browse(device, "rebinding.py", &[&ADDRESS.to_string(), "lamp.example"]);
}

fn stored_page(device: &Device) {
    let url = format!("http://{ADDRESS}");
    browse(device, "stored_page.py", &[&url, &device.link(), &device.bearer()]);
}

fn other_port(device: &Device) {
    browse(device, "other_port.py", &[&format!("http://{ADDRESS}"), "6789", &device.link()]);
}
