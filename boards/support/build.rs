//! Generates the store of the built-in site from `host-runner/site`, and adds the folder of `device.x`
//! to the linker's search path.

use std::{env, io};

fn main() -> io::Result<()> {
    let here = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    println!("cargo:rustc-link-search={here}");
    println!("cargo:rerun-if-changed=device.x");
    bareserve_bundler::bundle("../../host-runner/site".as_ref(), "site.rs")
}
