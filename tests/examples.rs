//! Each example prints what stands beside it in a file.
//!
//! `cargo run --example NAME > examples/NAME.out` records it anew.

use std::process::Command;

#[test]
fn examples_print_what_is_recorded() {
    for (name, expected) in [
        ("events", include_str!("../examples/events.out")),
        ("json_api", include_str!("../examples/json_api.out")),
    ] {
        let run = Command::new(env!("CARGO"))
            .args(["run", "--quiet", "--example", name])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        assert_eq!(String::from_utf8_lossy(&run.stdout).replace("\r\n", "\n"), expected, "{name}");
    }
}
