//! Entry point; the program is this package's library.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    host_runner::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!(
        "host-runner: this program needs Linux's TAP driver: run it on Linux (the bareserve library itself has no such limit)"
    );
    std::process::ExitCode::from(1)
}
