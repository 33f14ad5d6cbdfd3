//! Puts the built-in site into the program.

fn main() -> std::io::Result<()> {
    bareserve_bundler::bundle("site".as_ref(), "site.rs")
}
