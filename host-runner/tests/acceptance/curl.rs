//! Every feature of the web server, with `curl`.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::symlink,
    path::Path,
    time::Duration,
};

use crate::{
    case::{Case, case, case_in_folder, case_on_site},
    device::{ADDRESS, Device, TAP, Target},
    namespace,
    programs::{output_of, run_in},
    site::{Site, content, curl},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    const WRITABLE: &[&str] = &["--writable"];
    vec![
        case_on_site("curl::ranges", ranges),
        case_on_site("curl::resumes_an_interrupted_download", resumes_an_interrupted_download),
        case("curl::compressed", compressed),
        case_on_site("curl::conditions", conditions),
        case_on_site("curl::conditions_on_dates", conditions_on_dates)
            .tap_only("files in a board's memory have no dates"),
        case_on_site("curl::head_and_http_1_0", head_and_http_1_0),
        case_on_site("curl::uploads_need_the_token", uploads_need_the_token).with_options(WRITABLE),
        case_on_site("curl::put_and_delete", put_and_delete).with_options(WRITABLE),
        case_on_site("curl::expect_100_continue", expect_100_continue).with_options(WRITABLE),
        case_on_site("curl::form", form).with_options(WRITABLE),
        case_on_site("curl::cross_site_requests_are_refused", cross_site_requests_are_refused)
            .with_options(WRITABLE),
        case_on_site("curl::listing", listing).with_options(&["--listings"]),
        case_on_site("curl::folders_and_links", folders_and_links)
            .with_options(&["--listings", "--writable"])
            .tap_only("a board has no folders of its own, and no links"),
        case_on_site("curl::incomplete_upload_leaves_nothing", incomplete_upload_leaves_nothing)
            .with_options(WRITABLE),
        case("curl::full_store", full_store).with_options(WRITABLE),
        case_in_folder("curl::full_disk", full_disk, "a board has no disk"),
        case("curl::oversized_body_is_413", oversized_body_is_413).with_options(WRITABLE),
        case("curl::one_connection_for_many_requests", one_connection_for_many_requests),
        case("curl::ports", ports),
        case_on_site("curl::other_ports_and_ipv6", other_ports_and_ipv6)
            .with_options(&["--http-port", "80", "--http-port", "8080", "--http-port", "6789"])
            .tap_only("a board's ports are constants, and its figures are stated without IPv6"),
    ]
}

fn ranges(site: &Site) {
    site.put("alphabet.txt", b"abcdefghijklmnopqrstuvwxyz");
    let part = |range| site.curl(&["-w", " %{http_code}", "-r", range], "/alphabet.txt");
    assert_eq!(part("0-4"), "abcde 206");
    assert_eq!(part("-5"), "vwxyz 206");
    assert_eq!(part("20-"), "uvwxyz 206");
    assert_eq!(part("25-99"), "z 206");
    assert!(part("26-").ends_with(" 416"));
    assert!(site.curl(&["-I"], "/alphabet.txt").contains("Accept-Ranges: bytes\r\n"));

    let answer = site.curl(&["-i", "-r", "0-1,4-6,-2"], "/alphabet.txt");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
    let boundary = head
        .split_once("multipart/byteranges; boundary=")
        .map(|(_, rest)| rest.lines().next().unwrap_or_default().trim_matches('"'))
        .expect("a boundary");
    let (parts, epilogue) = body.split_once(&format!("--{boundary}--")).expect("the last boundary");
    assert_eq!(epilogue.trim_end(), "");
    let parts: Vec<_> = parts
        .split(&format!("--{boundary}\r\n"))
        .skip(1)
        .map(|part| part.strip_suffix("\r\n").and_then(|part| part.split_once("\r\n\r\n")))
        .map(|part| part.expect("a head and a body"))
        .collect();
    assert_eq!(parts.iter().map(|part| part.1).collect::<Vec<_>>(), ["ab", "efg", "yz"]);
    for ((head, _), range) in parts.iter().zip(["0-1", "4-6", "24-25"]) {
        assert!(head.contains(&format!("Content-Range: bytes {range}/26")), "{head}");
        assert!(head.contains("Content-Type: text/plain"), "{head}");
    }
}

fn resumes_an_interrupted_download(site: &Site) {
    let (path, whole) = site.large_file();
    let part = whole.len() / 5;
    // Interrupted by closing the pipe: curl's rate limit is too coarse for so short a transfer.
    let cut = format!("curl -s http://{ADDRESS}{path} | head -c {part} > large");
    run_in(&site.client, "sh", &["-c", &cut]);
    let file = site.client.join("large");
    assert_eq!(fs::read(&file).expect("a part").len(), part);
    assert_eq!(site.curl(&["-C", "-", "-o", "large", "-w", "%{http_code}"], path), "206");
    assert!(fs::read(file).expect("the file") == whole, "the file differs");
}

fn compressed(device: &Device) {
    let head = |name| fs::read_to_string(device.folder.join(name)).expect("the head");
    let plain = curl(&device.folder, &["-D", "plain"], "/_device/");
    let unpacked = curl(&device.folder, &["--compressed", "-D", "packed"], "/_device/");
    assert!(unpacked == plain && plain.contains("</html>"), "{unpacked}");
    assert!(head("packed").contains("Content-Encoding: gzip\r\n"), "{}", head("packed"));
    assert!(!head("plain").contains("Content-Encoding"), "{}", head("plain"));
    // Vary is sent with every representation of a resource that has variants.
    for name in ["plain", "packed"] {
        assert!(head(name).contains("Vary: Accept-Encoding\r\n"), "{}", head(name));
    }
}

fn conditions(site: &Site) {
    site.put("a.txt", b"one");
    assert_eq!(site.status(&["--etag-save", "tag"], "/a.txt"), "200");
    assert_eq!(site.status(&["--etag-compare", "tag"], "/a.txt"), "304");
    assert_eq!(site.status(&["-H", "If-Match: \"other\""], "/a.txt"), "412");
    let resumed = ["-r", "1-", "-H", "If-Range: \"other\""];
    assert_eq!(site.status(&resumed, "/a.txt"), "200");

    site.put("a.txt", b"another");
    assert_eq!(site.status(&["--etag-compare", "tag"], "/a.txt"), "200");
}

fn conditions_on_dates(site: &Site) {
    site.put("a.txt", b"one");
    assert!(site.curl(&["-I"], "/a.txt").contains("Last-Modified: "));
    assert_eq!(site.status(&["-R"], "/a.txt"), "200");
    fs::rename(site.client.join("body"), site.client.join("copy")).expect("the file");
    assert_eq!(site.status(&["-z", "copy"], "/a.txt"), "304");
    assert_eq!(site.status(&["-z", "1 Jan 2001"], "/a.txt"), "200");
    let unmodified = "If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT";
    assert_eq!(site.status(&["-H", unmodified], "/a.txt"), "412");
}

fn head_and_http_1_0(site: &Site) {
    site.put("a.txt", b"hello");
    let head = site.curl(&["-I"], "/a.txt");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    for field in ["Content-Length: 5", "Content-Type: text/plain", "Date: "] {
        assert!(head.contains(field), "{field} is missing in {head}");
    }
    let old = site.curl(&["--http1.0", "-i"], "/a.txt");
    assert!(old.starts_with("HTTP/1.1 200 OK\r\n") && old.ends_with("\r\n\r\nhello"), "{old}");
    assert!(!old.contains("Transfer-Encoding"), "{old}");
    assert_eq!(site.status(&["--http1.0"], "/absent"), "404");
}

fn uploads_need_the_token(site: &Site) {
    let token = site.device.token();
    fs::write(site.client.join("a.txt"), "hello").expect("a file");
    let put = ["-T", "a.txt", "-D", "head"];
    assert_eq!(site.status(&put, "/a.txt"), "401");
    let head = fs::read_to_string(site.client.join("head")).expect("the head");
    assert!(head.contains("WWW-Authenticate: Bearer"), "{head}");
    assert!(head.contains("WWW-Authenticate: Basic"), "{head}");
    let wrong = [&put[..], &["-H", "Authorization: Bearer 0123456789abcdef"]].concat();
    assert_eq!(site.status(&wrong, "/a.txt"), "401");
    assert_eq!(site.status(&["-X", "DELETE"], "/a.txt"), "401");
    assert_eq!(site.names(), [""; 0]);

    let user = format!("anybody:{token}");
    assert_eq!(site.status(&[&put[..], &["-u", &user]].concat(), "/basic"), "201");
    assert_eq!(site.status(&["-c", "jar"], &format!("/?token={token}")), "303");
    assert_eq!(site.status(&[&put[..], &["-b", "jar"]].concat(), "/cookie"), "201");
    assert_eq!(site.names(), ["basic", "cookie"]);
}

fn put_and_delete(site: &Site) {
    let bearer = site.device.bearer();
    let first = site.content();
    // Shorter, so that a remainder of the first would be noticed.
    let second = first[..first.len() / 3].to_vec();
    fs::write(site.client.join("first"), &first).expect("a file");
    fs::write(site.client.join("second"), &second).expect("a file");
    fs::write(site.client.join("empty"), "").expect("a file");
    let put = |name, path| site.status(&["-T", name, "-H", &bearer], path);
    assert_eq!(put("first", "/na%C3%AFve%20%25.bin"), "201");
    assert!(site.stored("na\u{ef}ve %.bin").is_some_and(|stored| stored == first));
    assert_eq!(put("second", "/na%C3%AFve%20%25.bin"), "204");
    assert!(site.stored("na\u{ef}ve %.bin").is_some_and(|stored| stored == second));
    assert_eq!(put("empty", "/empty"), "201");
    assert_eq!(site.stored("empty").as_deref(), Some(&b""[..]));

    let chunked = ["-T", "first", "-H", "Transfer-Encoding: chunked", "-H", &bearer];
    assert_eq!(site.status(&chunked, "/chunked"), "201");
    assert!(site.stored("chunked").is_some_and(|stored| stored == first));

    for path in ["/..%2fout", "/a%00b"] {
        let status = put("second", path);
        assert!(status.starts_with('4'), "{path}: {status}");
    }
    // Dot segments end at the root (RFC 3986 section 5.2.4).
    assert_eq!(put("empty", "/../inside"), "201");
    let outside = &site.device.folder;
    assert!(!outside.join("out").exists() && !outside.join("inside").exists());

    let delete = ["-X", "DELETE", "-H", &bearer];
    assert_eq!(site.status(&delete, "/chunked"), "204");
    assert_eq!(site.status(&delete, "/chunked"), "404");
    assert_eq!(site.status(&delete, "/na%C3%AFve%20%25.bin"), "204");
    assert_eq!(site.names(), ["empty", "inside"]);
}

fn expect_100_continue(site: &Site) {
    let bearer = site.device.bearer();
    fs::write(site.client.join("large"), site.content()).expect("a file");
    let expect = ["-v", "--stderr", "trace", "-T", "large", "-H", "Expect: 100-continue"];
    let trace = || fs::read_to_string(site.client.join("trace")).expect("curl's trace");
    assert_eq!(site.status(&[&expect[..], &["-H", &bearer]].concat(), "/large"), "201");
    assert!(trace().contains("< HTTP/1.1 100 Continue"), "{}", trace());
    // Refused before the body is sent.
    assert_eq!(site.status(&expect, "/large"), "401");
    assert!(!trace().contains("100 Continue"), "{}", trace());

    // The interim response arrives before any byte of the body is sent.
    let mut stream = connect();
    write!(
        stream,
        "PUT /small HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\nExpect: 100-continue\r\n\
         Content-Length: 5\r\n\r\n"
    )
    .expect("sent");
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).expect("an interim answer");
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").expect("sent");
    let mut status = [0; 12];
    stream.read_exact(&mut status).expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 201");
}

fn form(site: &Site) {
    let bearer = site.device.bearer();
    let large = site.content();
    fs::write(site.client.join("large.bin"), &large).expect("a file");
    fs::write(site.client.join("small"), "--x\r\n").expect("a file");
    let form =
        ["-F", "file=@large.bin", "-F", "note=ignored", "-F", "file=@small;filename=na\u{ef}ve"];
    assert_eq!(site.status(&[&form[..], &["-H", &bearer]].concat(), "/"), "303");
    assert_eq!(site.names(), ["large.bin", "na\u{ef}ve"]);
    assert!(site.stored("large.bin").is_some_and(|stored| stored == large), "it differs");
    assert_eq!(site.stored("na\u{ef}ve").as_deref(), Some(&b"--x\r\n"[..]));

    let other = ["-F", "file=@small;filename=other"];
    assert_eq!(site.status(&other, "/"), "401");
    let out = ["-F", "file=@small;filename=../out", "-H", &bearer];
    assert_eq!(site.status(&out, "/"), "400");
    assert_eq!(site.names().len(), 2);
    assert!(!site.device.folder.join("out").exists());
}

fn cross_site_requests_are_refused(site: &Site) {
    let bearer = site.device.bearer();
    fs::write(site.client.join("a"), "x").expect("a file");
    let form = ["-F", "file=@a", "-H", &bearer, "-H"];
    let put = ["-T", "a", "-H", &bearer, "-H"];
    for foreign in [
        "Origin: http://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ] {
        assert_eq!(site.status(&[&form[..], &[foreign]].concat(), "/"), "403", "{foreign}");
        assert_eq!(site.status(&[&put[..], &[foreign]].concat(), "/a"), "403", "{foreign}");
    }
    assert_eq!(site.names(), [""; 0]);
    let own = format!("Origin: http://{ADDRESS}");
    assert_eq!(site.status(&[&form[..], &[&own]].concat(), "/"), "303");
    assert_eq!(site.names(), ["a"]);
}

fn listing(site: &Site) {
    let names = ["<b>&\"x", "a:b", "na\u{ef}ve", "100%", "it's #1?", "plain.txt"];
    // Three at a time, as many as the smallest store holds.
    for names in names.chunks(3) {
        for name in names {
            site.put(&format!("sub/{name}"), name.as_bytes());
        }
        let page = site.curl(&[], "/sub/");
        assert!(!page.contains("<b>"), "{page}");
        assert_eq!(page.contains("&lt;b&gt;&amp;"), names.contains(&"<b>&\"x"), "{page}");
        let mut found: Vec<_> =
            links(&page).map(|link| site.curl(&["-f"], &format!("/sub/{link}"))).collect();
        found.sort();
        let mut expected = names.to_vec();
        expected.sort();
        assert_eq!(found, expected, "{page}");
        for name in names {
            site.remove(&format!("sub/{name}"));
        }
    }
}

/// The targets of the links in a listing.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("href=\"./").skip(1).filter_map(|rest| rest.split('"').next())
}

fn folders_and_links(site: &Site) {
    let outside = &site.device.folder;
    fs::write(outside.join("secret"), "secret").expect("a file outside");
    site.put("sub/index.html", b"index");
    site.put("inside.txt", b"inside");
    symlink("../secret", outside.join("root/out")).expect("a link");
    symlink("inside.txt", outside.join("root/in")).expect("a link");
    let page = site.curl(&[], "/");
    assert_eq!(links(&page).collect::<Vec<_>>(), ["in", "inside.txt", "sub/"], "{page}");
    let format = "%{num_redirects} %{url_effective} ";
    let end = format!("1 http://{ADDRESS}/sub/?a=b ");
    assert_eq!(site.curl(&["-L", "-w", format], "/sub?a=b"), format!("index{end}"));
    assert_eq!(site.status(&[], "/sub"), "301");
    assert_eq!(site.curl(&[], "/in"), "inside");
    for path in
        ["/out", "/../secret", "/%2e%2e/secret", "/sub/..%2f..%2fsecret", "/sub/../../secret"]
    {
        let answer = site.curl(&["-w", " %{http_code}"], path);
        let refused = ["400", "403", "404"].iter().any(|status| answer.ends_with(status));
        assert!(refused, "{path}: {answer}");
    }
    let bearer = site.device.bearer();
    assert_eq!(site.status(&["-X", "PUT", "-d", "x", "-H", &bearer], "/absent/x"), "409");
}

fn connect() -> TcpStream {
    let stream = TcpStream::connect((ADDRESS, 80)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream
}

fn incomplete_upload_leaves_nothing(site: &Site) {
    let bearer = site.device.bearer();
    site.put("old", b"old");
    for framing in
        ["Content-Length: 1000\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf"]
    {
        for name in ["new", "old"] {
            let mut stream = connect();
            write!(stream, "PUT /{name} HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n{framing}")
                .expect("half of it");
            // The response to another request shows that the upload has been received.
            assert_eq!(site.status(&[], "/new"), "404");
            assert_eq!(site.curl(&[], "/old"), "old");
            drop(stream);
            assert_eq!(site.status(&[], "/new"), "404");
            assert_eq!(site.curl(&[], "/old"), "old");
        }
    }
    assert_eq!(site.names(), ["old"]);
}

/// Both targets use the store in memory.
fn full_store(device: &Device) {
    assert_is_full(device);
    let list = curl(&device.folder, &["-f"], "/_device/files.json");
    assert!(!list.contains("large"), "{list}");
}

fn full_disk(folder: &Path) {
    let root = folder.join("root");
    fs::create_dir(&root).expect("a folder");
    let mount = root.display().to_string();
    namespace::run("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs", &mount]);
    let site = Site::start_in(folder.to_owned(), &Target::Tap, &["--writable"]);
    assert_is_full(&site.device);
    assert_eq!(site.names(), [""; 0]);
    drop(site);
    namespace::run("umount", &[&mount]);
}

/// Uploads more than the store can hold, by each method.
fn assert_is_full(device: &Device) {
    fs::write(device.folder.join("large"), content(20 << 20)).expect("a file");
    let bearer = device.bearer();
    let status = |arguments: &[&str], path| {
        let always = ["-o", "/dev/null", "-w", "%{http_code}", "-H", &bearer];
        curl(&device.folder, &[&always, arguments].concat(), path)
    };
    assert_eq!(status(&["-T", "large"], "/large"), "507");
    let chunked = ["-T", "large", "-H", "Transfer-Encoding: chunked"];
    assert_eq!(status(&chunked, "/large"), "507");
    assert_eq!(status(&["-F", "file=@large"], "/"), "507");
}

fn oversized_body_is_413(device: &Device) {
    fs::write(device.folder.join("large"), content(1 << 20)).expect("a file");
    let bearer = device.bearer();
    let put = ["-o", "/dev/null", "-w", "%{http_code}", "-H", &bearer, "-T", "large"];
    assert_eq!(curl(&device.folder, &put, "/_device/ping"), "413");
    let chunked = [&put[..], &["-H", "Transfer-Encoding: chunked"]].concat();
    assert_eq!(curl(&device.folder, &chunked, "/_device/ping"), "413");
}

fn one_connection_for_many_requests(device: &Device) {
    let url = format!("http://{ADDRESS}/HelloWorld.html");
    let one = ["-o", "/dev/null", url.as_str()];
    let arguments = [&["-sS", "-w", "%{num_connects}"], &one[..], &one[..], &one[..]].concat();
    assert_eq!(output_of(&device.folder, "curl", &arguments), "100");
}

/// The default port, and the course's.
fn ports(device: &Device) {
    for port in [80, 6789] {
        let url = format!("http://{ADDRESS}:{port}/HelloWorld.html");
        let page = output_of(&device.folder, "curl", &["-sS", "--max-time", "20", &url]);
        assert!(page.contains("Hello World!"), "{url}: {page}");
    }
}

fn other_ports_and_ipv6(site: &Site) {
    site.put("a.txt", b"hello");
    let log = site.device.log();
    // "  ping      192.168.69.1, fd…::1, fe80::…%accept0"
    let addresses = log.lines().find(|line| line.contains("ping ")).expect("its addresses");
    let routed = addresses.split(", ").nth(1).expect("an IPv6 address");
    let local = format!("[fe80::ff:fe00:1%25{TAP}]");
    for host in [ADDRESS.to_string(), format!("[{routed}]"), local] {
        for port in [80, 8080, 6789] {
            let url = format!("http://{host}:{port}/a.txt");
            let arguments = ["-sS", "--globoff", "--max-time", "20", &url];
            assert_eq!(output_of(&site.client, "curl", &arguments), "hello", "{url}");
        }
    }
}
