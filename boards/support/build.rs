//! Puts the folder `host-runner/site` into the program, and `device.x` where the linker finds it.

use std::{env, io};

fn main() -> io::Result<()> {
    let here = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    println!("cargo:rustc-link-search={here}");
    println!("cargo:rerun-if-changed=device.x");
    bareserve_bundler::bundle("../../host-runner/site".as_ref(), "site.rs")
}
