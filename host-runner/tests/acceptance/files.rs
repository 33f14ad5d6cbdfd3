//! File transfer: large files, uploads, and invalid requests.

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    case::{Case, case, case_in_folder, case_on_site},
    device::{ADDRESS, Device, Target},
    namespace,
    programs::{host_runner, output_of, run_in},
    site::{Site, names_in},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case_in_folder(
            "files::large_file_in_constant_memory",
            large_file_in_constant_memory,
            "a board has no heap, so its memory is constant by design",
        ),
        case_on_site("files::fetch_by_name", fetch_by_name),
        case_in_folder("files::send_and_fetch_back", send_and_fetch_back, READ_ONLY),
        case_in_folder("files::hidden_files_stay_hidden", hidden_files_stay_hidden, BUILT_IN),
        case("files::read_only_by_default", read_only_by_default),
        case("files::bad_requests_get_an_error", bad_requests_get_an_error),
        case_in_folder(
            "files::names_stay_inside_the_folder",
            names_stay_inside,
            "a board has no files outside its store",
        ),
        case_in_folder("files::incomplete_upload_leaves_nothing", incomplete_upload, READ_ONLY),
        case_in_folder("files::full_disk", full_disk, READ_ONLY),
        case_in_folder(
            "files::file_that_shrinks",
            file_that_shrinks,
            "a board's files are replaced, never changed",
        ),
    ]
}

const BUILT_IN: &str = "a board has no hidden files: all of them are built into the program";
const READ_ONLY: &str = "a board's port 5567 is read-only";

fn serving(root: &Path, options: &[&str]) -> Device {
    let root = root.display().to_string();
    Device::start(&Target::Tap, &[&["--root", root.as_str()][..], options].concat())
}

fn large_file_in_constant_memory(folder: &Path) {
    let root = new_folder(folder, "root");
    let mut content = vec![0_u8; 100 << 20];
    let mut state = 1_u32;
    for byte in &mut content {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    fs::write(root.join("large.bin"), &content).expect("a large file");
    fs::write(root.join("small.bin"), b"small").expect("a small file");
    let device = serving(&root, &["--file", "large.bin"]);
    let output = new_folder(folder, "output");
    // The first transfer touches every page that any transfer touches.
    request(5567, br#"{"get": "small.bin"}"#);
    let before = resident_kilobytes(&device);
    output_of(
        folder,
        host_runner(),
        &["fetch", &ADDRESS.to_string(), "--output", &output.display().to_string()],
    );
    let after = resident_kilobytes(&device);
    assert!(fs::read(output.join("large.bin")).expect("the file") == content, "the file differs");
    assert!(after < before + 1024, "memory grew from {before} kB to {after} kB");
}

/// The device's peak resident memory.
fn resident_kilobytes(device: &Device) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", device.process_id()))
        .expect("the process's status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("its peak memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

fn fetch_by_name(site: &Site) {
    let folder = &site.client;
    let name = "na\u{ef}ve \"\u{1f600}\".txt";
    site.put(name, b"found");
    output_of(
        folder,
        host_runner(),
        &["fetch", &ADDRESS.to_string(), "--name", name, "--output", "."],
    );
    assert_eq!(fs::read_to_string(folder.join(name)).expect("the file"), "found");
    let missing = run_in(
        folder,
        host_runner(),
        &["fetch", &ADDRESS.to_string(), "--name", "absent", "--output", "."],
    );
    assert_eq!(missing.status.code(), Some(1));
    assert!(!folder.join("absent").exists());
}

fn send_and_fetch_back(folder: &Path) {
    let root = new_folder(folder, "root");
    let device = serving(&root, &["--writable"]);
    let token = device.token();
    fs::write(folder.join("sent.bin"), "x").expect("a file");
    let refused = run_in(folder, host_runner(), &["send", &ADDRESS.to_string(), "sent.bin"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("token"), "{refused:?}");
    assert_eq!(names_in(&root), [""; 0]);
    for size in [0, 1, 2, 3, 4, 1000, 70_000] {
        let content: Vec<u8> = (0..size).map(|i: u32| (i * 31 + i / 256) as u8).collect();
        fs::write(folder.join("sent.bin"), &content).expect("a file");
        output_of(
            folder,
            host_runner(),
            &["send", "--token", &token, &ADDRESS.to_string(), "sent.bin"],
        );
        assert!(fs::read(root.join("sent.bin")).expect("stored") == content, "{size} bytes");
    }
    assert_eq!(names_in(&root), ["sent.bin"]);
}

fn read_only_by_default(_: &Device) {
    let answer = request(5567, br#"{"filename": "new.txt", "filedata": "aGk="}"#);
    assert!(answer.starts_with(r#"{"error": ""#), "{answer}");
}

fn bad_requests_get_an_error(device: &Device) {
    let nested = format!("{}{}", r#"{"a":"#, "[".repeat(10_000));
    for request_text in [
        "{",
        "[]",
        "null",
        "{}",
        r#"{"get": 1}"#,
        r#"{"get": "absent"}"#,
        r#"{"get": "../x"}"#,
        r#"{"get": "/etc/passwd"}"#,
        r#"{"get": "a\u0000b"}"#,
        r#"{"get": "\u001b[2J\r\n0.000 forged"}"#,
        r#"{"get" "x"}"#,
        r#"{"get": "\ud800"}"#,
        &nested,
    ] {
        let answer = request(5567, request_text.as_bytes());
        assert!(
            answer.starts_with(r#"{"error": ""#) && answer.ends_with("\"}"),
            "{request_text:.40} -> {answer:?}"
        );
    }
    let is_unprintable = |c: char| c.is_control() && !"\r\n".contains(c);
    let log = device.log();
    assert!(!log.contains(is_unprintable) && !log.contains("forged"), "{log:?}");
}

fn names_stay_inside(folder: &Path) {
    let root = new_folder(folder, "outer/root");
    fs::write(root.join("../secret"), "secret").expect("a file outside");
    std::os::unix::fs::symlink("../secret", root.join("link")).expect("a link outside");
    let device = serving(&root, &["--writable"]);
    let token = device.token();
    for name in ["../secret", "link", "/etc/passwd", "..", ".", "a/../../secret", "..\\\\secret"] {
        let answer = request(5567, format!(r#"{{"get": "{name}"}}"#).as_bytes());
        assert!(answer.starts_with(r#"{"error": ""#), "{name} -> {answer}");
    }
    for name in ["../new", "/tmp/new", "", ".", "..", "a\\u0000b"] {
        let answer = request(5567, upload(&token, name, "aGk=").as_bytes());
        assert!(answer.starts_with(r#"{"error": ""#), "{name} -> {answer}");
    }
    for data in ["aGk", "aG=k", "a", "aGk=aGk=", "aGl=", "a Gk="] {
        let answer = request(5567, upload(&token, "new", data).as_bytes());
        assert!(answer.starts_with(r#"{"error": ""#), "{data} -> {answer}");
    }
    assert_eq!(names_in(&root), ["link"]);
}

fn incomplete_upload(folder: &Path) {
    let root = new_folder(folder, "root");
    let device = serving(&root, &["--writable"]);
    let mut stream = TcpStream::connect((ADDRESS, 5567)).expect("a connection");
    let object = upload(&device.token(), "half", "aGVsbG8gd29y");
    stream.write_all(object.trim_end_matches("\"}").as_bytes()).expect("half of it");
    std::thread::sleep(Duration::from_millis(200));
    assert!(!root.join("half").exists());
    drop(stream);
    // The response to another request shows that the close has been processed.
    request(5567, br#"{"get": "absent"}"#);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(names_in(&root), [""; 0]);
}

fn full_disk(folder: &Path) {
    let root = new_folder(folder, "root");
    namespace::run(
        "mount",
        &["-t", "tmpfs", "-o", "size=64k", "tmpfs", &root.display().to_string()],
    );
    let device = serving(&root, &["--writable"]);
    let data = "QUJD".repeat(100_000);
    let answer = request(5567, upload(&device.token(), "big", &data).as_bytes());
    assert!(answer.starts_with(r#"{"error": ""#), "{answer}");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(names_in(&root), [""; 0]);
    drop(device);

    namespace::run("umount", &[&root.display().to_string()]);
}

fn file_that_shrinks(folder: &Path) {
    let root = new_folder(folder, "root");
    let path = root.join("shrinking.bin");
    fs::write(&path, vec![7; 20 << 20]).expect("a file");
    let _device = serving(&root, &["--file", "shrinking.bin"]);
    let mut stream = TcpStream::connect((ADDRESS, 5566)).expect("a connection");
    let mut start = [0; 1000];
    stream.read_exact(&mut start).expect("its beginning");
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_len(100))
        .expect("truncated");
    let mut rest = Vec::new();
    let end = stream.read_to_end(&mut rest);
    // The client must be able to detect the truncation.
    assert!(end.is_err() || !rest.ends_with(b"\"}"), "a shortened file looks complete");
    assert_eq!(request(5567, br#"{"get": "absent"}"#).get(..10), Some(r#"{"error": "#));
}

/// An object to store, with the token in front.
fn upload(token: &str, name: &str, data: &str) -> String {
    format!(r#"{{"token": "{token}", "filename": "{name}", "filedata": "{data}"}}"#)
}

/// Neither port of file transfer, nor HTTP, nor a listing gives a hidden file away.
fn hidden_files_stay_hidden(folder: &Path) {
    let root = new_folder(folder, "root");
    fs::write(root.join(".env"), "secret").expect("a hidden file");
    fs::create_dir_all(root.join(".git")).expect("a hidden folder");
    fs::write(root.join(".git/config"), "secret").expect("a file in it");
    fs::write(root.join("a.txt"), "public").expect("a file");
    fs::write(root.join("b.png"), "picture").expect("a picture");
    let _device = serving(&root, &["--listings"]);
    let offered = request(5566, b"");
    assert!(offered.starts_with(r#"{"filename": "b.png""#), "{offered}");
    for name in [".env", ".git/config", ".git"] {
        let answer = request(5567, format!(r#"{{"get": "{name}"}}"#).as_bytes());
        assert_eq!(answer, r#"{"error": "no such file"}"#, "{name}");
        let url = format!("http://{ADDRESS}/{name}");
        let status = output_of(folder, "curl", &["-s", "-o", "body", "-w", "%{http_code}", &url]);
        assert_eq!(status, "404", "{name}");
    }
    for path in ["", "_device/files.json?path="] {
        let listing = output_of(folder, "curl", &["-s", &format!("http://{ADDRESS}/{path}")]);
        assert!(listing.contains("a.txt") && !listing.contains(".env"), "{listing}");
        assert!(!listing.contains(".git"), "{listing}");
    }
}

/// Sends a request, half-closes, and returns the whole answer.
fn request(port: u16, text: &[u8]) -> String {
    let mut stream = TcpStream::connect((ADDRESS, port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    // The server may answer an error, and close, before it has read the whole request.
    let _ = stream.write_all(text);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer and its end");
    answer
}

fn new_folder(parent: &Path, name: &str) -> PathBuf {
    let folder = parent.join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}
