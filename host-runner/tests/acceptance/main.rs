//! The acceptance suite: real client programs against a complete device.
//!
//! `BARESERVE_TARGET` selects the device: `tap` (the default: `host-runner`) or a board's name
//! (`lm3s6965evb`, `mps2-an385`: the firmware in the emulator). The cases are the same; those that apply
//! to one kind of target only state the reason, which is shown when they are skipped.
//!
//! The suite runs in a network namespace of its own, so it does not need root where user namespaces
//! are allowed. It takes the arguments of any Rust test: a filter, `--list`, `--exact`.

mod attacks;
mod board;
mod browser;
mod case;
mod course;
mod curl;
mod device;
mod device_data;
mod files;
#[path = "../../../tests/common/framings.rs"]
mod framings;
mod http;
#[path = "../../../tests/common/http_rows.rs"]
mod http_rows;
mod icmp;
mod listener;
mod namespace;
mod noise;
mod programs;
mod site;
mod small_services;
mod smuggling;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // All cases use the same addresses, so they run one at a time.
    arguments.test_threads = Some(1);
    if !arguments.list {
        namespace::enter();
    }
    let cases = [
        attacks::cases(),
        board::cases(),
        browser::cases(),
        course::cases(),
        curl::cases(),
        device_data::cases(),
        files::cases(),
        http::cases(),
        icmp::cases(),
        listener::cases(),
        small_services::cases(),
        smuggling::cases(),
    ];
    let target = device::Target::from_environment();
    let trials = cases.into_iter().flatten().map(|case| case.into_trial(&target)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
