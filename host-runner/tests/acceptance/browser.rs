//! A real browser, which opens more connections than the device has.

use std::{fs, path::PathBuf, thread, time::Duration};

use serde_json::Value;

use crate::{
    case::{Case, case, case_on_site},
    device::{ADDRESS, Device, Target},
    programs::output_of,
    site::curl,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("browser::twenty_images_over_four_connections", twenty_images_over_four_connections)
            .with_options(&["--writable", "--connections", "4"]),
        case_on_site("browser::device_page", |site| device_page(&site.device, "/_device/"))
            .with_options(&["--writable"]),
        case("browser::device_page_at_the_root", |device| device_page(device, "/"))
            .with_options(&["--writable"]),
    ]
}

/// The query strings make one image twenty different resources, of several segments each.
fn twenty_images_over_four_connections(device: &Device) {
    let images: String = (0..20).map(|i| format!("<img src=\"bareserve.png?{i}\">")).collect();
    let page = format!(
        "<!doctype html><title>Images</title><link rel=\"icon\" href=\"bareserve.png\">\
         <link rel=\"stylesheet\" href=\"a.css\"><link rel=\"stylesheet\" href=\"b.css\"><body>{images}"
    );
    let bearer = device.bearer();
    for (name, content) in [
        ("a.html", page.as_str()),
        ("a.css", "body { margin: 7px }"),
        ("b.css", "body { padding-top: 9px }"),
    ] {
        fs::write(device.folder.join(name), content).expect("a file");
        curl(&device.folder, &["-f", "-T", name, "-H", &bearer], &format!("/{name}"));
    }
    browse(device, "many_images.py", &[&format!("http://{ADDRESS}/a.html")]);
    all_slots_become_free(device);
}

fn device_page(device: &Device, path: &str) {
    // The store has room for two of these.
    let upload = if device.target == Target::Tap { "5000000" } else { "1000" };
    let url = format!("http://{ADDRESS}{path}");
    browse(device, "device_page.py", &[&url, &device.link(), upload]);
    all_slots_become_free(device);
}

/// Runs one of the browser scripts.
pub fn browse(device: &Device, script: &str, arguments: &[&str]) -> String {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script);
    let script = script.display().to_string();
    wait_for_addresses(device);
    output_of(&device.folder, "python3", &[&["-B", script.as_str()][..], arguments].concat())
}

/// Waits until the host's addresses are final. Chromium aborts pending loads when one of them changes
/// (ERR_NETWORK_CHANGED); IPv6 addresses do so when duplicate address detection completes, a second or
/// two after the interface is up (RFC 4862, section 5.4).
fn wait_for_addresses(device: &Device) {
    let mut tentative = String::new();
    for _ in 0..100 {
        tentative = output_of(&device.folder, "ip", &["-6", "address", "show", "tentative"]);
        if tentative.is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("addresses of the host are still tentative: {tentative}");
}

/// After the browser has exited, all its connections close within the idle timeout.
fn all_slots_become_free(device: &Device) {
    let mut http = Value::Null;
    for _ in 0..40 {
        let status = device.status();
        let services = status["services"].as_array().expect("a list of services");
        http = services.iter().find(|service| service["name"] == "http").expect("http").clone();
        // The request for the status is itself one open connection.
        if http["open"] == 1 && http["parked"] == 0 {
            return;
        }
        thread::sleep(Duration::from_millis(500));
    }
    panic!("connections are still open: {http}");
}
