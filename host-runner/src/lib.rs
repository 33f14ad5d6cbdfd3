//! Runs bareserve's services on a TAP device, and its clients over the kernel's sockets.
//!
//! The protocols are implemented in the library. This crate supplies what the library takes from
//! the platform (a network device, clocks, random bytes, files, memory) and the command line.
#![cfg(target_os = "linux")]

mod announce;
mod apps;
mod arguments;
mod clients;
mod clock;
mod command;
mod entropy;
mod error;
mod files;
mod folder_store;
mod forward;
mod limited_store;
mod link;
mod log;
mod memory;
mod namespace;
mod network;
mod publish;
mod run;
mod serve;
mod tap;
mod wire;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use arguments::Command;
use error::{Error, UsageError};

/// Runs the command given on the command line. Exit status: 0 success, 1 failure, 2 usage error.
pub fn main() -> ExitCode {
    let result =
        arguments::parse(std::env::args_os().skip(1)).map_err(Error::UsageError).and_then(execute);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Failure(failure)) => {
            log::write_last(&format!("host-runner: {failure}\n"));
            ExitCode::from(1)
        }
        Err(Error::UsageError(UsageError(message))) => {
            log::write_last(&format!("host-runner: {message}\n"));
            ExitCode::from(2)
        }
    }
}

fn execute(command: Command) -> Result<(), Error> {
    match command {
        Command::Serve(options) => serve::serve(&options),
        Command::Time(client) => clients::time(&client),
        Command::Fetch(client, fetch) => clients::fetch(&client, &fetch),
        Command::Send(client, path) => clients::send(&client, &path),
        Command::Ping(client, ping) => clients::ping(&client, &ping),
        Command::Wire(options) => wire::run(&options),
        Command::Print(text) => {
            // A closed pipe (`host-runner --help | head -1`) is not an error.
            let _ = io::stdout().write_all(text.as_bytes());
            Ok(())
        }
    }
}
