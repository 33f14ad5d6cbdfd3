//! The device's status, metrics and capture, and access control by the token.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::{
    case::{Case, case},
    device::{ADDRESS, Device},
    programs::output_of,
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case("device::status_is_json", status_is_json),
        case("device::metrics_are_prometheus_text", metrics_are_prometheus_text),
        case("device::capture_needs_the_token", capture_needs_the_token)
            .with_options(&["--writable"])
            .tap_only("a board has no memory to keep frames in"),
        case(
            "device::capture_and_log_do_not_show_the_token",
            capture_and_log_do_not_show_the_token,
        )
        .with_options(&["--writable"])
        .tap_only("a board has no memory to keep frames in"),
        case("device::writing_needs_the_token", writing_needs_the_token)
            .with_options(&["--writable"]),
        case("device::read_only_without_a_token", read_only_without_a_token),
        case("device::echo_application", echo_application)
            .with_options(&["--app", "echo"])
            .tap_only(EXAMPLES),
        case("device::todo_application", todo_application)
            .with_options(&["--app", "todo"])
            .tap_only(EXAMPLES),
        case("device::clock_application", clock_application)
            .with_options(&["--app", "clock"])
            .tap_only(EXAMPLES),
    ]
}

const EXAMPLES: &str = "a board has one application built in, not the examples";

fn url(path: &str) -> String {
    format!("http://{ADDRESS}{path}")
}

fn curl(folder: &Path, arguments: &[&str]) -> String {
    output_of(folder, "curl", &[&["-sS", "--max-time", "10"], arguments].concat())
}

/// The status code of the response.
fn code(device: &Device, arguments: &[&str]) -> String {
    curl(&device.folder, &[&["-o", "/dev/null", "-w", "%{http_code}"], arguments].concat())
}

fn status_is_json(device: &Device) {
    let status = device.status();
    assert!(status["device"]["uptime_ms"].as_u64().is_some(), "{status}");
    let services = status["services"].as_array().expect("a list of services");
    for name in ["http", "time", "file", "ping", "echo"] {
        let service = services.iter().find(|service| service["name"] == name);
        let service = service.unwrap_or_else(|| panic!("no {name}: {status}"));
        let keys = ["open", "capacity", "parked", "served", "expired", "peer_resets", "unanswered"];
        for key in keys.into_iter().chain(["bytes_in", "bytes_out"]) {
            assert!(service[key].as_u64().is_some(), "{name} has no {key}: {status}");
        }
    }
}

/// Each sample follows the HELP and TYPE of its family, and no series occurs twice.
fn metrics_are_prometheus_text(device: &Device) {
    let text = curl(&device.folder, &["--fail", &url("/_device/metrics")]);
    let (mut helped, mut typed) = (BTreeSet::new(), BTreeSet::new());
    let mut series = BTreeSet::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["#", "HELP", name, _, ..] => assert!(helped.insert(name), "{line}"),
            ["#", "TYPE", name, "counter" | "gauge"] => assert!(typed.insert(name), "{line}"),
            _ => {
                let (sample, value) = line.rsplit_once(' ').expect("a sample and its value");
                let name = sample.split('{').next().expect("a name");
                assert!(helped.contains(name) && typed.contains(name), "{line}");
                assert!(value.parse::<f64>().is_ok(), "{line}");
                assert!(series.insert(sample), "{line}");
            }
        }
    }
    assert!(series.len() > 20 && helped == typed, "{text}");
}

fn capture_needs_the_token(device: &Device) {
    let address = url("/_device/capture.pcap");
    let token = device.token();
    assert_eq!(code(device, &[&address]), "401");
    assert_eq!(code(device, &["-H", "Authorization: Bearer no", &address]), "401");
    let bearer = format!("Authorization: Bearer {token}");
    let foreign = ["-H", &bearer, "-H", "Sec-Fetch-Site: cross-site", &address];
    assert_eq!(code(device, &foreign), "403");
    let file = device.folder.join("capture.pcap");
    let name = file.display().to_string();
    curl(&device.folder, &["--fail", "-o", &name, "-H", &bearer, &address]);
    let capture = fs::read(&file).expect("a capture");
    assert_eq!(capture.get(..4), Some(&0xa1b2_c3d4_u32.to_le_bytes()[..]), "its magic number");
    assert!(capture.len() > 24 + 16, "no frame in {} bytes", capture.len());
    // Verifies the format with tcpdump, if it is installed.
    if Command::new("tcpdump").arg("--version").output().is_ok() {
        let frames = output_of(&device.folder, "tcpdump", &["-nr", &name]);
        assert!(frames.contains(&format!("{ADDRESS}.80")), "{frames}");
    }
}

/// The token is sent in each way that it is accepted in.
fn capture_and_log_do_not_show_the_token(device: &Device) {
    let (folder, token, bearer) = (&device.folder, device.token(), device.bearer());
    let page = url("/_device/");
    curl(folder, &["-L", "-c", "jar", "-b", "jar", "-o", "page", &device.link()]);
    curl(
        folder,
        &["-b", "jar", "--fail", "-X", "PUT", "-d", "{\"loss\": 0}", &url("/_device/ping")],
    );
    for user in ["", "u", "user", "other"] {
        curl(folder, &["--fail", "-u", &format!("{user}:{token}"), "-o", "page", &page]);
    }
    fs::write(folder.join("sent.txt"), "content").expect("a file");
    output_of(
        folder,
        env!("CARGO_BIN_EXE_host-runner"),
        &["send", "--token", &token, &ADDRESS.to_string(), "sent.txt"],
    );
    curl(folder, &["--fail", "-o", "capture.pcap", "-H", &bearer, &url("/_device/capture.pcap")]);
    let capture = fs::read(folder.join("capture.pcap")).expect("a capture");
    let has = |text: &[u8]| capture.windows(text.len()).any(|piece| piece == text);
    for sent in
        ["GET /_device/?token=", "Cookie: bareserve-token-80=", "Authorization: B", "sent.txt"]
    {
        assert!(has(sent.as_bytes()), "{sent} is not in the capture");
    }
    assert!(!token.as_bytes().windows(8).any(has), "the capture contains the token");
    for user in ["", "u", "user", "other"] {
        let encoded =
            output_of(folder, "sh", &["-c", &format!("printf %s '{user}:{token}' | base64 -w 0")]);
        assert!(!encoded.as_bytes()[12..].windows(8).any(has), "the capture contains {encoded}");
    }
    // Only the link in the banner shows it.
    assert_eq!(device.log().matches(&token[..8]).count(), 1, "{}", device.log());
}

fn writing_needs_the_token(device: &Device) {
    let folder = &device.folder;
    fs::write(folder.join("note.txt"), "a note").expect("a file");
    let (address, bearer) = (url("/note.txt"), device.bearer());
    let put = ["-T", "note.txt", &address];
    let form = ["-F", "file=@note.txt", &url("/_device/")];
    let loss = ["-X", "PUT", "-d", "{\"loss\": 5}", &url("/_device/ping")];
    let in_folder = |arguments: &[&str]| {
        let mut all = vec!["-o", "/dev/null", "-w", "%{http_code}"];
        all.extend_from_slice(arguments);
        curl(folder, &all)
    };
    for attempt in [&put[..], &form, &loss, &["-X", "DELETE", &address]] {
        assert_eq!(in_folder(attempt), "401", "{attempt:?}");
    }
    let allowed = |arguments: &[&str]| in_folder(&[&["-H", &bearer], arguments].concat());
    assert_eq!(allowed(&put), "201");
    assert_eq!(curl(folder, &[&address]), "a note");
    assert_eq!(allowed(&["-X", "DELETE", &address]), "204");
    assert_eq!(code(device, &[&address]), "404");
    assert_eq!(allowed(&form), "303");
    assert_eq!(curl(folder, &[&address]), "a note");
    assert_eq!(allowed(&loss), "204");
    assert_eq!(device.status()["ping"]["loss_percent"], 5);
    // The link sets a cookie and redirects to the page.
    let page =
        curl(folder, &["-L", "-c", "jar", "-b", "jar", "-w", "%{url_effective}", &device.link()]);
    assert!(page.ends_with(&url("/_device/")), "{page}");
    assert_eq!(in_folder(&["-b", "jar", "-X", "DELETE", &address]), "204");
}

/// There is no token: `host-runner` runs without `--writable`, a board has not generated one yet.
fn read_only_without_a_token(device: &Device) {
    let loss = ["-X", "PUT", "-d", "{\"loss\": 5}", &url("/_device/ping")];
    assert_eq!(code(device, &loss), "403");
    assert_eq!(code(device, &[&url("/_device/capture.pcap")]), "404");
    assert_eq!(code(device, &["-X", "POST", "-d", "x", &url("/_device/")]), "405");
    assert_eq!(device.status()["device"]["writable"], false);
}

fn echo_application(device: &Device) {
    let folder = &device.folder;
    let body = "0123456789abcdef".repeat(900);
    fs::write(folder.join("body"), &body).expect("a body");
    assert_eq!(code(device, &[&url("/")]), "200");
    assert_eq!(curl(folder, &["--data-binary", "@body", &url("/")]), body);
    let chunked = ["-H", "Transfer-Encoding: chunked", "--data-binary", "@body", &url("/")];
    assert_eq!(curl(folder, &chunked), body);
    fs::write(folder.join("body"), body.repeat(10)).expect("a body");
    let too_much = ["-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@body", &url("/")];
    assert_eq!(curl(folder, &too_much), "413");
    assert!(curl(folder, &["-H", "X-Odd: yes", &url("/echo")]).contains("X-Odd: yes\n"));
    assert_eq!(curl(folder, &["-H", "Cookie: a=1; b=2", &url("/cookie")]), "a=1\nb=2\n");
    assert_eq!(code(device, &["-X", "OPTIONS", &url("/")]), "204");
}

fn todo_application(device: &Device) {
    let folder = &device.folder;
    let json = ["-H", "Content-Type: application/json", "-d", "{\"title\": \"Test\"}"];
    let todo = "{\"id\":1,\"title\":\"Test\",\"done\":false}";
    assert_eq!(curl(folder, &[&json[..], &[&url("/todos")]].concat()), todo);
    assert_eq!(curl(folder, &[&url("/todos")]), format!("[{todo}]"));
    assert_eq!(code(device, &["-X", "DELETE", &url("/todos/1")]), "204");
    assert_eq!(code(device, &[&url("/todos/1")]), "404");
}

/// Two events, one second apart.
fn clock_application(device: &Device) {
    let script = format!(
        "curl -sSN --max-time 5 {} | grep -m 2 -c 'data: [A-Z][a-z][a-z], .* GMT'",
        url("/clock/events")
    );
    assert_eq!(output_of(&device.folder, "sh", &["-c", &script]).trim(), "2");
}
