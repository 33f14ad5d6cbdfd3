//! Generates the store of the built-in site from the folder `site`.

fn main() -> std::io::Result<()> {
    bareserve_bundler::bundle("site".as_ref(), "site.rs")
}
