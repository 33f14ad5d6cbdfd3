//! Media types (RFC 9110 section 8.3.1) by the extension of a file's name.

/// What is sent for names that say nothing (RFC 9110 section 8.3, RFC 2046 section 4.5.1).
pub const UNKNOWN: &str = "application/octet-stream";

/// The value of Content-Type for the file at `path`, by what follows the last dot of its name, in
/// either case. Text is taken to be UTF-8.
pub const fn of(path: &str) -> &'static str {
    let mut table = EXTENSIONS;
    while let Some(((extension, media_type), rest)) = table.split_first() {
        if ends_with_extension(path.as_bytes(), extension.as_bytes()) {
            return media_type;
        }
        table = rest;
    }
    UNKNOWN
}

/// Whether `path` ends in a dot and `extension`, which is in lower case. Compares from the end, by
/// hand: a bundle's table is made at compile time, where iterators do not work.
const fn ends_with_extension(path: &[u8], extension: &[u8]) -> bool {
    let (mut path, mut extension) = (path, extension);
    while let Some((expected, rest)) = extension.split_last() {
        match path.split_last() {
            Some((byte, before)) if byte.to_ascii_lowercase() == *expected => path = before,
            _ => return false,
        }
        extension = rest;
    }
    matches!(path, [.., b'.'])
}

const EXTENSIONS: &[(&str, &str)] = &[
    ("html", "text/html; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("ico", "image/vnd.microsoft.icon"),
    ("bmp", "image/bmp"),
    ("txt", "text/plain; charset=utf-8"),
    ("log", "text/plain; charset=utf-8"),
    ("md", "text/markdown; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("xml", "application/xml"),
    ("pdf", "application/pdf"),
    ("wasm", "application/wasm"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("tar", "application/x-tar"),
    ("pcap", "application/vnd.tcpdump.pcap"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_by_the_last_extension() {
        for (path, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a/b.c/INDEX.HTM", "text/html; charset=utf-8"),
            ("app.1a2b3c4d.js", "text/javascript; charset=utf-8"),
            ("site.tar.gz", "application/gzip"),
            (".css", "text/css; charset=utf-8"),
            ("picture.JPeG", "image/jpeg"),
            ("font.woff2", "font/woff2"),
            ("html", UNKNOWN),
            ("x.html/", UNKNOWN),
            ("a.html/b", UNKNOWN),
            ("b.xhtml", UNKNOWN),
            ("a.", UNKNOWN),
            ("", UNKNOWN),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }

    #[test]
    fn extensions_are_lower_case_and_unique() {
        for (index, (extension, _)) in EXTENSIONS.iter().enumerate() {
            assert!(
                extension.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            );
            assert!(EXTENSIONS.iter().skip(index + 1).all(|(other, _)| other != extension));
        }
    }
}
