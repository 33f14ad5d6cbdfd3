//! Bundles the device's own page into the library.

fn main() -> std::io::Result<()> {
    bareserve_bundler::bundle("src/device/page".as_ref(), "page.rs")
}
