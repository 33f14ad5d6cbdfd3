//! Runs external programs.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

/// Runs a program in a folder until it exits. If it is missing, fails with the package to install.
pub fn run_in(folder: &Path, program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| {
            panic!("`{program}` cannot be started ({error}): {}", installation_hint(program))
        })
}

/// Runs a program that must succeed, and returns its standard output.
pub fn output_of(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let output = run_in(folder, program, arguments);
    assert!(
        output.status.success(),
        "`{program} {}` failed: {}\n{}{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Starts a program in the background.
pub fn start_in(folder: &Path, program: &str, arguments: &[&str]) -> Background {
    let child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("`{program}` cannot be started ({error}): {}", installation_hint(program))
        });
    Background(child)
}

/// A program that is killed when dropped.
pub struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The path of one of the course's programs.
pub fn course(script: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/course")
        .join(script)
        .display()
        .to_string()
}

/// The path of `host-runner`, for its client subcommands.
pub fn host_runner() -> &'static str {
    env!("CARGO_BIN_EXE_host-runner")
}

fn installation_hint(program: &str) -> String {
    let package = match program {
        "python3" => "python3-minimal",
        "nc" => "netcat-openbsd",
        "ping" => "iputils-ping",
        "qemu-system-arm" => "qemu-system-arm",
        other => other,
    };
    format!("`apt-get install {package}`, or run .ci/install")
}
