//! The acceptance suite: real client programs against a complete device.
//!
//! `BARESERVE_TARGET` selects the device: `tap` (the default: `host-runner`) or a board's name
//! (`lm3s6965evb`, `mps2-an385`: the firmware in the emulator). The cases are the same; those that apply
//! to one kind of target only state the reason, which is shown when they are skipped.
//!
//! The suite runs in a network namespace of its own, so it does not need root where user namespaces
//! are allowed. It takes the arguments of any Rust test: a filter, `--list`, `--exact`.

#[cfg(target_os = "linux")]
#[path = "."]
mod linux {
    pub mod access;
    pub mod attacks;
    pub mod blocking;
    pub mod board;
    pub mod browser;
    pub mod case;
    pub mod course;
    pub mod curl;
    pub mod device;
    pub mod device_data;
    pub mod files;
    pub mod forwarder;
    #[path = "../../../tests/common/framings.rs"]
    pub mod framings;
    pub mod http;
    #[path = "../../../tests/common/http_rows.rs"]
    pub mod http_rows;
    pub mod icmp;
    pub mod listener;
    pub mod namespace;
    pub mod noise;
    pub mod programs;
    pub mod site;
    pub mod small_services;
    pub mod smuggling;
    pub mod wire;
}

#[cfg(target_os = "linux")]
use linux::*;

/// Elsewhere nothing can be tested: TAP devices and network namespaces are Linux's.
#[cfg(not(target_os = "linux"))]
fn main() {
    println!("left out: host-runner's acceptance and smoke tests, which need Linux");
}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let mut arguments = libtest_mimic::Arguments::from_args();
    // All cases use the same addresses, so they run one after the other.
    arguments.test_threads = Some(1);
    if !arguments.list {
        namespace::enter();
    }
    let cases = [
        access::cases(),
        attacks::cases(),
        blocking::cases(),
        board::cases(),
        browser::cases(),
        course::cases(),
        curl::cases(),
        device_data::cases(),
        files::cases(),
        forwarder::cases(),
        http::cases(),
        icmp::cases(),
        listener::cases(),
        small_services::cases(),
        smuggling::cases(),
        wire::cases(),
    ];
    let target = device::Target::from_environment();
    let trials = cases.into_iter().flatten().map(|case| case.into_trial(&target)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
