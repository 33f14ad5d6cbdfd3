//! A real browser, with fewer sockets than it likes to open.

use std::{fs, path::Path, path::PathBuf, time::Duration};

use serde_json::Value;

use crate::{
    device::{ADDRESS, Case, Device, Target, case_in_folder},
    programs::output_of,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case_in_folder("browser::twenty_images_from_four_sockets", twenty_images_from_four_sockets),
        case_in_folder("browser::device_page", device_page_beside_a_root),
        case_in_folder("browser::device_page_at_the_root", device_page_at_the_root),
    ]
}

fn twenty_images_from_four_sockets(folder: &Path) {
    let root = folder.join("root");
    fs::create_dir(&root).expect("a folder");
    let images: String =
        (0..20).map(|i| format!("<img src=\"{i}.svg\" width=\"40\" height=\"40\">")).collect();
    let page = format!(
        "<!doctype html><title>Images</title><link rel=\"icon\" href=\"0.svg\"><link rel=\"stylesheet\" \
         href=\"style.css\"><body>{images}<script src=\"script.js\"></script>"
    );
    fs::write(root.join("index.html"), page).expect("a page");
    fs::write(root.join("style.css"), "body { margin: 7px }").expect("a style sheet");
    fs::write(root.join("script.js"), "window.scriptRan = true").expect("a script");
    for i in 0..20 {
        // 10 KB each, so that an image is several segments long.
        let picture = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 9\"><circle cx=\"4\" cy=\"4\" r=\"{}\"/><!--{}--></svg>",
            i % 4 + 1,
            "x".repeat(10_000)
        );
        fs::write(root.join(format!("{i}.svg")), picture).expect("an image");
    }
    let device =
        Device::start(&Target::Tap, &["--root", &root.display().to_string(), "--connections", "4"]);
    browse(folder, "many_images.py", &[&format!("http://{ADDRESS}/")]);
    all_slots_become_free(&device);
}

fn device_page_beside_a_root(folder: &Path) {
    let root = folder.join("root");
    fs::create_dir(&root).expect("a folder");
    device_page(folder, "/_device/", &["--writable", "--root", &root.display().to_string()]);
}

fn device_page_at_the_root(folder: &Path) {
    device_page(folder, "/", &["--writable"]);
}

fn device_page(folder: &Path, path: &str, options: &[&str]) {
    let device = Device::start(&Target::Tap, options);
    browse(folder, "device_page.py", &[&format!("http://{ADDRESS}{path}"), &device.link()]);
    all_slots_become_free(&device);
}

/// Runs one of the browser scripts.
fn browse(folder: &Path, script: &str, arguments: &[&str]) -> String {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script);
    let script = script.display().to_string();
    output_of(folder, "python3", &[&["-B", script.as_str()][..], arguments].concat())
}

/// After the browser is gone, its connections are, within the idle limit.
fn all_slots_become_free(device: &Device) {
    let mut http = Value::Null;
    for _ in 0..40 {
        let status = device.status();
        let services = status["services"].as_array().expect("a list of services");
        http = services.iter().find(|service| service["name"] == "http").expect("http").clone();
        // The one that asks is open itself.
        if http["open"] == 1 && http["parked"] == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    panic!("connections are left open: {http}");
}
