//! Converts a folder to Rust source: the table of files that bareserve's `RomStore` serves.
//!
//! ```no_run
//! // build.rs
//! fn main() -> std::io::Result<()> {
//!     bareserve_bundler::bundle("site".as_ref(), "site.rs")
//! }
//! ```
//! ```ignore
//! use bareserve::store::rom::{RomFile, RomStore};
//! static SITE: RomStore = RomStore::new(include!(concat!(env!("OUT_DIR"), "/site.rs")));
//! ```
//!
//! The output is reproducible: the same folder gives the same source, byte for byte. Files and folders
//! whose names begin with a dot are left out, except `.well-known` (RFC 8615). Other names must be
//! UTF-8 without control characters and `\`.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Bundles `folder` and all folders in it, in a build script: writes the expression
/// `&[RomFile::new(..), ..]` to `file_name` in `OUT_DIR`, and has cargo run the script again when the
/// folder changes.
///
/// # Errors
/// Errors of reading and writing files; [`io::ErrorKind::InvalidInput`] for a name that cannot be
/// served, and outside a build script.
pub fn bundle(folder: &Path, file_name: &str) -> io::Result<()> {
    let out_dir = env::var_os("OUT_DIR").ok_or_else(|| invalid("OUT_DIR is not set"))?;
    println!("cargo::rerun-if-changed={}", folder.display());
    bundle_into(folder, &PathBuf::from(out_dir).join(file_name))
}

/// Bundles `folder` into the Rust source `out_file`. The compressed variants are written to the same
/// folder as `out_file`, in files named after it: `site.rs.0.gz`.
///
/// # Errors
/// As [`bundle`].
pub fn bundle_into(folder: &Path, out_file: &Path) -> io::Result<()> {
    let folder = folder.canonicalize()?;
    let mut paths = Vec::new();
    collect(&folder, "", &mut paths)?;
    // The order that `RomStore` demands: `/` before all other characters.
    paths.sort_by(|a, b| a.split('/').cmp(b.split('/')));

    let mut source = String::from("&[\n");
    for (number, path) in paths.iter().enumerate() {
        let original = folder.join(path);
        let content = fs::read(&original)?;
        let (version, file) = (fnv1a(&content), include(&original)?);
        source += &format!("    RomFile::new({path:?}, {version:#018x}, {file})");
        if let Some(compressed) = gzip_if_it_pays(&content)? {
            let variant = PathBuf::from(format!("{}.{number}.gz", text_of(out_file)?));
            fs::write(&variant, compressed)?;
            source += &format!(".with_gzip({})", include(&variant)?);
        }
        if is_named_by_content(path) {
            source += ".as_immutable()";
        }
        source += ",\n";
    }
    source += "]\n";
    fs::write(out_file, source)
}

/// Adds the paths of all files below `folder`, whose own path from the root is `prefix`.
fn collect(folder: &Path, prefix: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name =
            name.to_str().filter(|name| !name.contains(|c: char| c == '\\' || c.is_control()));
        let name = name.ok_or_else(|| invalid(&format!("cannot serve {:?}", entry.path())))?;
        if name.starts_with('.') && name != ".well-known" {
            continue;
        }
        // Symbolic links are followed: the folder belongs to the build and is trusted.
        if fs::metadata(entry.path())?.is_dir() {
            collect(&entry.path(), &format!("{prefix}{name}/"), paths)?;
        } else {
            paths.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

/// The expression for the content of the file at `path`.
fn include(path: &Path) -> io::Result<String> {
    Ok(format!("include_bytes!({:?})", text_of(path)?))
}

fn text_of(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| invalid(&format!("not UTF-8: {path:?}")))
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// The version of a content: FNV-1a, 64 bits (RFC 9923).
fn fnv1a(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The content in gzip (RFC 1952), without name and date, if that saves a tenth of the size.
fn gzip_if_it_pays(content: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut encoder = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::best());
    encoder.write_all(content)?;
    let compressed = encoder.finish()?;
    Ok((compressed.len() * 10 <= content.len() * 9).then_some(compressed))
}

/// Whether the file's name contains a hash of its content, as build tools add it: `app.1a2b3c4d.js`.
/// A hash is 8 or more hexadecimal digits between dots or hyphens, with at least one letter and one
/// decimal digit, so that a date is not taken for one.
fn is_named_by_content(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut parts = name.split(['.', '-']);
    // The first part is the name, the last one the extension.
    let (_, _) = (parts.next(), parts.next_back());
    parts.any(|part| {
        part.len() >= 8
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
            && part.bytes().any(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// A temporary folder, removed when it is dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("bundler-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path.canonicalize().unwrap())
        }

        fn put(&self, path: &str, content: &[u8]) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn writes_a_reproducible_table_in_order() {
        let folder = Folder::new("table");
        let text = "all work and no play ".repeat(50);
        folder.put("site/a-b.txt", b"short");
        folder.put("site/a/app.1a2b3c4d.js", text.as_bytes());
        folder.put("site/.hidden/x", b"");
        folder.put("site/.well-known/y", b"");
        let (site, out) = (folder.0.join("site"), folder.0.join("out.rs"));
        bundle_into(&site, &out).unwrap();
        let (source, variant) = (fs::read(&out).unwrap(), folder.0.join("out.rs.1.gz"));
        let expected = format!(
            "&[\n    \
             RomFile::new(\".well-known/y\", 0xcbf29ce484222325, include_bytes!({:?})),\n    \
             RomFile::new(\"a/app.1a2b3c4d.js\", {:#018x}, include_bytes!({:?}))\
             .with_gzip(include_bytes!({variant:?})).as_immutable(),\n    \
             RomFile::new(\"a-b.txt\", {:#018x}, include_bytes!({:?})),\n]\n",
            site.join(".well-known/y"),
            fnv1a(text.as_bytes()),
            site.join("a/app.1a2b3c4d.js"),
            fnv1a(b"short"),
            site.join("a-b.txt"),
        );
        assert_eq!(String::from_utf8(source.clone()).unwrap(), expected);

        let compressed = fs::read(&variant).unwrap();
        let mut decoded = String::new();
        flate2::read::GzDecoder::new(&compressed[..]).read_to_string(&mut decoded).unwrap();
        assert_eq!(decoded, text);

        bundle_into(&site, &out).unwrap();
        assert_eq!(fs::read(&out).unwrap(), source);
        assert_eq!(fs::read(&variant).unwrap(), compressed);
    }

    #[test]
    fn refuses_names_that_cannot_be_served() {
        let folder = Folder::new("names");
        folder.put("site/a\\b", b"");
        let error = bundle_into(&folder.0.join("site"), &folder.0.join("out.rs")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let error = bundle_into(&folder.0.join("none"), &folder.0.join("out.rs")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn compresses_only_where_a_tenth_is_saved() {
        assert!(gzip_if_it_pays(&[b'a'; 1000]).unwrap().is_some());
        assert!(gzip_if_it_pays(b"").unwrap().is_none());
        assert!(gzip_if_it_pays(b"abcdefgh").unwrap().is_none());
        let mut noise = 1u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (noise >> 56) as u8
        })
        .take(5000)
        .collect();
        assert!(gzip_if_it_pays(&noise).unwrap().is_none());
    }

    #[test]
    fn recognises_names_with_a_hash() {
        for name in ["app.1a2b3c4d.js", "x/style-0123456789abcdef.css", "a.b.deadbee1.woff2"] {
            assert!(is_named_by_content(name), "{name}");
        }
        for name in [
            "app.js",
            "app.1a2b3c4.js",
            "report.20261122.pdf",
            "app.deadbeef.js",
            "1a2b3c4d.js",
            "app.1a2b3c4d",
            "1a2b3c4d.5/app.js",
            "app.1a2b3c4g.js",
        ] {
            assert!(!is_named_by_content(name), "{name}");
        }
    }
}
