//! Runs each example that has a file in `examples/expected` and compares what it prints.
//!
//! `cargo test` builds the examples too; `cargo test --test examples` alone does not, so that
//! `cargo build --examples` must come first.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const TIME_LIMIT: Duration = Duration::from_secs(60);

#[test]
fn examples_print_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/expected");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("examples/expected is a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8");
        let expected = fs::read_to_string(&path).expect("a text").replace("\r\n", "\n");
        let printed = output_of(name);
        println!("{name}:\n{printed}");
        assert!(printed == expected, "{name} printed something else than {}", path.display());
        count += 1;
    }
    assert!(count > 0, "no example has a file in examples/expected");
}

fn output_of(name: &str) -> String {
    let program = program(name);
    let mut child =
        Command::new(&program).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap_or_else(
            |error| panic!("{}: {error}; cargo build --examples", program.display()),
        );
    let mut stdout = child.stdout.take().expect("a pipe");
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    wait(&mut child, name);
    let text = reader.join().expect("the reader ends").expect("an output in UTF-8");
    text.replace("\r\n", "\n")
}

fn wait(child: &mut Child, name: &str) {
    let limit = Instant::now() + TIME_LIMIT;
    loop {
        match child.try_wait().expect("the process is a child") {
            Some(status) => return assert!(status.success(), "{name}: {status}"),
            None if Instant::now() < limit => thread::sleep(Duration::from_millis(10)),
            None => {
                child.kill().expect("the process is a child");
                panic!("{name} runs for more than {} s", TIME_LIMIT.as_secs());
            }
        }
    }
}

/// Cargo puts the examples beside the folder of this test.
fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let target = test.ancestors().nth(2).expect("the test is in target/debug/deps");
    target.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}
