//! What pages of other origins and stored pages can do, as a browser decides, and the limits of uploads.

use std::fs;

use crate::{
    browser::browse,
    case::{Case, case},
    device::{ADDRESS, Device},
    programs::{host_runner, output_of, run_in},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("access::rebinding", rebinding)
            .with_options(&["--host-name", "lamp.example"])
            .tap_only("a board has no configured names"),
        case("access::stored_page", stored_page).with_options(&["--writable"]),
        case("access::other_port", other_port).with_options(&["--writable"]),
        case("access::upload_limits", upload_limits)
            .with_options(&["--writable", "--max-upload", "1K", "--max-files", "4"])
            .tap_only("a board's limits are those of its memory"),
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

/// The built-in site has two files, so there is room for two more.
fn upload_limits(device: &Device) {
    let (folder, bearer, token) = (&device.folder, device.bearer(), device.token());
    let root = format!("http://{ADDRESS}/");
    let code = |arguments: &[&str]| {
        let all = ["-sS", "-o", "answer", "-w", "%{http_code}", "-H", &bearer];
        output_of(folder, "curl", &[&all[..], arguments].concat())
    };
    let put = |file: &str, name: &str| code(&["-T", file, &format!("{root}{name}")]);
    fs::write(folder.join("fits"), [b'x'; 1024]).expect("a file");
    fs::write(folder.join("large"), [b'x'; 1025]).expect("a file");
    let send = |file: &str| {
        let all = ["send", "--token", &token, &ADDRESS.to_string(), file];
        String::from_utf8_lossy(&run_in(folder, host_runner(), &all).stderr).into_owned()
    };

    assert_eq!(put("large", "large"), "413");
    let chunked = ["-H", "Transfer-Encoding: chunked", "-T", "large", &format!("{root}large")];
    assert_eq!(code(&chunked), "413");
    assert_eq!(code(&["-F", "file=@large", &root]), "413");
    assert!(send("large").contains("too large"), "{}", send("large"));
    assert_eq!(code(&[&format!("{root}large")]), "404");

    assert_eq!(put("fits", "one"), "201");
    assert_eq!(code(&["-F", "file=@fits", &root]), "303");
    assert_eq!(put("fits", "three"), "507");
    fs::rename(folder.join("fits"), folder.join("four")).expect("renamed");
    assert_eq!(code(&["-F", "file=@four", &root]), "507");
    assert!(send("four").contains("no room left"), "{}", send("four"));
    assert_eq!(put("four", "one"), "204");
    assert_eq!(code(&["-X", "DELETE", &format!("{root}one")]), "204");
    assert_eq!(put("four", "four"), "201");
}
