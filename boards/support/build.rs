//! Puts the folder `host-runner/site` into the program.

fn main() -> std::io::Result<()> {
    bareserve_bundler::bundle("../../host-runner/site".as_ref(), "site.rs")
}
