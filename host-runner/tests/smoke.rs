//! The command line, a busy TAP, and a device in a private namespace. The services themselves are
//! covered by the acceptance suite.
#![cfg(target_os = "linux")]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, geteuid},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_host-runner");

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().expect("the program starts")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn usage_error_is_status_2_and_one_line() {
    for arguments in
        [&["--http-port", "0"][..], &["nonsense"], &["ping"], &["--tap", "name-of-16-bytes"]]
    {
        let output = run(PROGRAM, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(errors(&output).lines().count(), 1, "{}", errors(&output));
    }
}

#[test]
fn unusable_root_is_status_1_and_one_line() {
    let output = run(PROGRAM, &["--root", "/nonexistent"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        errors(&output),
        "host-runner: the folder /nonexistent cannot be used: No such file or directory (os error 2): \
         give another with --root\n"
    );
}

#[test]
fn help_is_status_0() {
    let output = run(PROGRAM, &["--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("--publish"));
}

#[test]
fn busy_tap_is_named_with_an_alternative() {
    let script = format!(
        "{PROGRAM} -q --tap busy0 & first=$!; \
         until ip link show busy0 >/dev/null 2>&1; do sleep 0.05; done; \
         {PROGRAM} --tap busy0; echo status $?; kill $first; wait $first; echo first $?; \
         ip link show busy0 >/dev/null 2>&1 || echo gone"
    );
    let namespace = ["--user", "--map-root-user", "--net", "timeout", "20", "sh", "-c"];
    let output = run("unshare", &[&namespace[..], &[script.as_str()]].concat());
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(stdout, "status 1\nfirst 0\ngone\n", "{}", errors(&output));
    assert_eq!(
        errors(&output),
        "host-runner: TAP busy0 is in use by another program: stop that program, or choose \
         another name, such as --tap busy1\n"
    );
}

/// Runs as an unprivileged user; if the test runs as root, it drops all capabilities first.
#[test]
fn unprivileged_device_publishes_from_a_private_namespace() {
    let port = free_port();
    let mut command = match geteuid().is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--bounding-set=-all", "--inh-caps=-all", PROGRAM]);
            command
        }
        false => Command::new(PROGRAM),
    };
    command.args(["--tap", "smoke0", "--publish", &format!("{port}:80")]);
    let mut process =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    let page = loop {
        match get(port, "/HelloWorld.html") {
            Ok(page) => break page,
            Err(_) if Instant::now() < deadline && process.try_wait().unwrap().is_none() => {
                thread::sleep(Duration::from_millis(50));
            }
            Err(error) => {
                let _ = process.kill();
                let output = process.wait_with_output().unwrap();
                panic!("{error}; its stderr: {}", errors(&output));
            }
        }
    };
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("<h1>Hello World!</h1>"), "{page}");
    kill(Pid::from_raw(process.id() as i32), Signal::SIGINT).unwrap();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains(&format!("http://127.0.0.1:{port}/")), "{stdout}");
    assert!(errors(&output).contains("GET /HelloWorld.html 200"), "{}", errors(&output));
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// Requests a page and half-closes the connection after the request.
fn get(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
