//! See the library of this package.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    host_runner::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("host-runner: TAP devices as used here are Linux's: run it on Linux; the bareserve library works anywhere");
    std::process::ExitCode::from(1)
}
