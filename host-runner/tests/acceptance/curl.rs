//! `curl` for every feature of the web server.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    device::{ADDRESS, Case, Device, TAP, Target, case, case_in_folder},
    namespace,
    programs::{output_of, run_in},
};

/// The cases of this file.
pub fn cases() -> Vec<Case> {
    vec![
        case_in_folder("curl::ranges", ranges),
        case_in_folder("curl::resumes_a_cut_download", resumes_a_cut_download),
        case("curl::compressed", compressed),
        case_in_folder("curl::conditions", conditions),
        case_in_folder("curl::head_and_http_1_0", head_and_http_1_0),
        case_in_folder("curl::uploads_need_the_token", uploads_need_the_token),
        case_in_folder("curl::put_and_delete", put_and_delete),
        case_in_folder("curl::expect_100_continue", expect_100_continue),
        case_in_folder("curl::form", form),
        case_in_folder("curl::pages_of_other_sites_are_refused", pages_of_other_sites_are_refused),
        case_in_folder("curl::listing", listing),
        case_in_folder("curl::folders_and_links", folders_and_links),
        case_in_folder("curl::half_an_upload_leaves_nothing", half_an_upload_leaves_nothing),
        case_in_folder("curl::full_disk", full_disk),
        case_in_folder("curl::too_much_is_413", too_much_is_413),
        case("curl::one_connection_for_many_requests", one_connection_for_many_requests),
        case_in_folder("curl::ports_and_ipv6", ports_and_ipv6),
    ]
}

/// A folder that is served, one for the client, and the device.
struct Site {
    root: PathBuf,
    client: PathBuf,
    device: Device,
}

impl Site {
    fn new(folder: &Path, options: &[&str]) -> Self {
        let (root, client) = (folder.join("root"), folder.join("client"));
        fs::create_dir_all(&root).expect("a folder");
        fs::create_dir_all(&client).expect("a folder");
        let text = root.display().to_string();
        let device = Device::start(&Target::Tap, &[&["--root", text.as_str()], options].concat());
        Self { root, client, device }
    }

    fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.root.join(name), content).expect("a file");
    }

    fn stored(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.root.join(name)).ok()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.root).expect("the folder");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<_> = entries.map(|entry| name(entry.expect("an entry"))).collect();
        names.sort();
        names
    }

    /// What `curl` prints about `path`.
    fn curl(&self, arguments: &[&str], path: &str) -> String {
        curl(&self.client, arguments, path)
    }

    /// The status of the answer.
    fn status(&self, arguments: &[&str], path: &str) -> String {
        self.curl(&[&["-o", "body", "-w", "%{http_code}"], arguments].concat(), path)
    }

    /// The argument that shows the token.
    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.device.token())
    }
}

fn curl(folder: &Path, arguments: &[&str], path: &str) -> String {
    let url = format!("http://{ADDRESS}{path}");
    let always = ["-sS", "--max-time", "20", "--path-as-is", "--globoff"];
    output_of(folder, "curl", &[&always, arguments, &[&url]].concat())
}

/// Bytes that do not repeat soon.
fn content(length: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn ranges(folder: &Path) {
    let site = Site::new(folder, &[]);
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

fn resumes_a_cut_download(folder: &Path) {
    let site = Site::new(folder, &[]);
    let whole = content(5 << 20);
    site.put("large.bin", &whole);
    let url = format!("http://{ADDRESS}/large.bin");
    // How fast curl reads, its own limit does not tell on so short a way: its reader leaves.
    let cut = format!("curl -s {url} | head -c 1000000 > large.bin");
    run_in(&site.client, "sh", &["-c", &cut]);
    let path = site.client.join("large.bin");
    assert_eq!(fs::read(&path).expect("a part").len(), 1_000_000);
    assert_eq!(
        site.curl(&["-C", "-", "-o", "large.bin", "-w", "%{http_code}"], "/large.bin"),
        "206"
    );
    assert!(fs::read(path).expect("the file") == whole, "the file differs");
}

fn compressed(device: &Device) {
    let page = curl(&device.folder, &["-D", "plain"], "/HelloWorld.html");
    assert_eq!(curl(&device.folder, &["--compressed", "-D", "head"], "/HelloWorld.html"), page);
    let head = |name| fs::read_to_string(device.folder.join(name)).expect("the head");
    assert!(!head("plain").contains("Content-Encoding"), "{}", head("plain"));
    // A resource that has a variant says so, whichever it sends.
    let is_packed = head("head").contains("Content-Encoding: gzip\r\n");
    assert_eq!(is_packed, head("plain").contains("Vary: Accept-Encoding\r\n"));
}

fn conditions(folder: &Path) {
    let site = Site::new(folder, &[]);
    site.put("a.txt", b"one");
    let save = ["--etag-save", "tag", "-R"];
    assert_eq!(site.status(&save, "/a.txt"), "200");
    assert_eq!(site.status(&["--etag-compare", "tag"], "/a.txt"), "304");
    fs::rename(site.client.join("body"), site.client.join("copy")).expect("the file");
    assert_eq!(site.status(&["-z", "copy"], "/a.txt"), "304");
    assert_eq!(site.status(&["-z", "1 Jan 2001"], "/a.txt"), "200");
    let unmodified = "If-Unmodified-Since: Mon, 01 Jan 2001 00:00:00 GMT";
    assert_eq!(site.status(&["-H", unmodified], "/a.txt"), "412");
    assert_eq!(site.status(&["-H", "If-Match: \"other\""], "/a.txt"), "412");
    let resumed = ["-r", "1-", "-H", "If-Range: \"other\""];
    assert_eq!(site.status(&resumed, "/a.txt"), "200");

    site.put("a.txt", b"another");
    assert_eq!(site.status(&["--etag-compare", "tag"], "/a.txt"), "200");
}

fn head_and_http_1_0(folder: &Path) {
    let site = Site::new(folder, &[]);
    site.put("a.txt", b"hello");
    let head = site.curl(&["-I"], "/a.txt");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    for field in ["Content-Length: 5", "Content-Type: text/plain", "Date: ", "Last-Modified: "] {
        assert!(head.contains(field), "{field} is missing in {head}");
    }
    let old = site.curl(&["--http1.0", "-i"], "/a.txt");
    assert!(old.starts_with("HTTP/1.1 200 OK\r\n") && old.ends_with("\r\n\r\nhello"), "{old}");
    assert!(!old.contains("Transfer-Encoding"), "{old}");
    assert_eq!(site.status(&["--http1.0"], "/absent"), "404");
}

fn uploads_need_the_token(folder: &Path) {
    let site = Site::new(folder, &["--writable"]);
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

    let token = site.device.token();
    let user = format!("anybody:{token}");
    assert_eq!(site.status(&[&put[..], &["-u", &user]].concat(), "/basic"), "201");
    assert_eq!(site.status(&["-c", "jar"], &format!("/?token={token}")), "303");
    assert_eq!(site.status(&[&put[..], &["-b", "jar"]].concat(), "/cookie"), "201");
    assert_eq!(site.names(), ["basic", "cookie"]);
}

fn put_and_delete(folder: &Path) {
    let site = Site::new(folder, &["--writable"]);
    let bearer = site.bearer();
    let (first, second) = (content(3 << 20), content(70_001));
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

    for path in ["/..%2fout", "/a%00b", "/absent/x"] {
        let status = put("second", path);
        assert!(status.starts_with('4'), "{path}: {status}");
    }
    // Dot segments end at the root (RFC 3986 section 5.2.4).
    assert_eq!(put("empty", "/../inside"), "201");
    assert!(!folder.join("out").exists() && !folder.join("inside").exists());

    let delete = ["-X", "DELETE", "-H", &bearer];
    assert_eq!(site.status(&delete, "/chunked"), "204");
    assert_eq!(site.status(&delete, "/chunked"), "404");
    assert_eq!(site.status(&delete, "/na%C3%AFve%20%25.bin"), "204");
    assert_eq!(site.names(), ["empty", "inside"]);
}

fn expect_100_continue(folder: &Path) {
    let site = Site::new(folder, &["--writable"]);
    let bearer = site.bearer();
    fs::write(site.client.join("large"), content(2 << 20)).expect("a file");
    let expect = ["-v", "--stderr", "talk", "-T", "large", "-H", "Expect: 100-continue"];
    let talk = || fs::read_to_string(site.client.join("talk")).expect("what was said");
    assert_eq!(site.status(&[&expect[..], &["-H", &bearer]].concat(), "/large"), "201");
    assert!(talk().contains("< HTTP/1.1 100 Continue"), "{}", talk());
    // Refused before the body is on its way.
    assert_eq!(site.status(&expect, "/large"), "401");
    assert!(!talk().contains("100 Continue"), "{}", talk());

    // Told to go on before a byte of the body is sent.
    let mut stream = connect();
    write!(
        stream,
        "PUT /small HTTP/1.1\r\nHost: x\r\n{bearer}\r\nExpect: 100-continue\r\n\
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

fn form(folder: &Path) {
    let site = Site::new(folder, &["--writable", "--listings"]);
    let bearer = site.bearer();
    let large = content(5_000_000);
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
    assert!(!folder.join("out").exists());
}

fn pages_of_other_sites_are_refused(folder: &Path) {
    let site = Site::new(folder, &["--writable"]);
    let bearer = site.bearer();
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

fn listing(folder: &Path) {
    let site = Site::new(folder, &["--listings"]);
    let names = ["<b>&\"x", "a:b", "na\u{ef}ve", "100%", "it's #1?", "plain.txt"];
    for name in names {
        site.put(name, name.as_bytes());
    }
    let page = site.curl(&[], "/");
    assert!(!page.contains("<b>") && page.contains("&lt;b&gt;&amp;"), "{page}");
    let links: Vec<_> = page
        .split("href=\"./")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap_or_default())
        .collect();
    let mut found: Vec<_> =
        links.iter().map(|link| site.curl(&["-f"], &format!("/{link}"))).collect();
    found.sort();
    let mut expected = names.to_vec();
    expected.sort();
    assert_eq!(found, expected, "{page}");
}

fn folders_and_links(folder: &Path) {
    fs::write(folder.join("secret"), "secret").expect("a file outside");
    let site = Site::new(folder, &[]);
    fs::create_dir(site.root.join("sub")).expect("a folder");
    site.put("sub/index.html", b"index");
    site.put("inside.txt", b"inside");
    std::os::unix::fs::symlink("../secret", site.root.join("out")).expect("a link");
    std::os::unix::fs::symlink("inside.txt", site.root.join("in")).expect("a link");
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
}

fn connect() -> TcpStream {
    let stream = TcpStream::connect((ADDRESS, 80)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream
}

fn half_an_upload_leaves_nothing(folder: &Path) {
    let site = Site::new(folder, &["--writable"]);
    let bearer = site.bearer();
    site.put("old", b"old");
    for framing in
        ["Content-Length: 1000\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf"]
    {
        for name in ["new", "old"] {
            let mut stream = connect();
            write!(stream, "PUT /{name} HTTP/1.1\r\nHost: x\r\n{bearer}\r\n{framing}")
                .expect("half of it");
            // Another request is a round trip later.
            assert_eq!(site.status(&[], "/new"), "404");
            assert_eq!(site.curl(&[], "/old"), "old");
            drop(stream);
            assert_eq!(site.status(&[], "/new"), "404");
            assert_eq!(site.curl(&[], "/old"), "old");
        }
    }
    assert_eq!(site.names(), ["old"]);
}

fn full_disk(folder: &Path) {
    let root = folder.join("root");
    fs::create_dir(&root).expect("a folder");
    let mount = root.display().to_string();
    namespace::run("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs", &mount]);
    let site = Site::new(folder, &["--writable"]);
    let bearer = site.bearer();
    fs::write(site.client.join("large"), content(1 << 20)).expect("a file");
    let put = ["-T", "large", "-H", &bearer];
    assert_eq!(site.status(&put, "/large"), "507");
    let chunked = [&put[..], &["-H", "Transfer-Encoding: chunked"]].concat();
    assert_eq!(site.status(&chunked, "/large"), "507");
    assert_eq!(site.status(&["-F", "file=@large", "-H", &bearer], "/"), "507");
    assert_eq!(site.names(), [""; 0]);
    drop(site);
    namespace::run("umount", &[&mount]);
}

fn too_much_is_413(folder: &Path) {
    let site = Site::new(folder, &["--writable"]);
    let bearer = site.bearer();
    fs::write(site.client.join("large"), content(1 << 20)).expect("a file");
    let put = ["-T", "large", "-H", &bearer];
    assert_eq!(site.status(&put, "/_device/ping"), "413");
    let chunked = [&put[..], &["-H", "Transfer-Encoding: chunked"]].concat();
    assert_eq!(site.status(&chunked, "/_device/ping"), "413");
}

fn one_connection_for_many_requests(device: &Device) {
    let url = format!("http://{ADDRESS}/HelloWorld.html");
    let one = ["-o", "/dev/null", url.as_str()];
    let arguments = [&["-sS", "-w", "%{num_connects}"], &one[..], &one[..], &one[..]].concat();
    assert_eq!(output_of(&device.folder, "curl", &arguments), "100");
}

fn ports_and_ipv6(folder: &Path) {
    let site =
        Site::new(folder, &["--http-port", "80", "--http-port", "8080", "--http-port", "6789"]);
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
