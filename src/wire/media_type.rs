//! Media types (RFC 9110 section 8.3.1) by the extension of a file's name.
//!
//! ```
//! use bareserve::wire::media_type;
//!
//! assert_eq!(media_type::of("docs/index.HTML"), "text/html; charset=utf-8");
//! assert_eq!(media_type::of("README"), media_type::UNKNOWN);
//! ```

use super::search::{is_same_name, split_once};

/// The media type of a name without a known extension (RFC 9110 section 8.3, RFC 2046 section 4.5.1).
pub const UNKNOWN: &str = "application/octet-stream";

/// The value of Content-Type for the file at `path`, chosen by the part of its name after the last
/// dot, in either case. Text is declared as UTF-8.
pub const fn of(path: &str) -> &'static str {
    let mut up_to_dot = path.as_bytes();
    while let [rest @ .., last] = up_to_dot
        && *last != b'.'
    {
        up_to_dot = rest;
    }
    let Some((_, wanted)) = path.as_bytes().split_at_checked(up_to_dot.len()) else {
        return UNKNOWN;
    };
    let mut rest = if up_to_dot.is_empty() { None } else { Some(TYPES) };
    while let Some(text) = rest {
        let (line, after) = split_once(text, b'\n');
        let (extensions, media_type) = split_once(line, b'=');
        let mut others = Some(extensions);
        while let Some(text) = others {
            let (extension, after) = split_once(text, b',');
            if is_same_name(extension.as_bytes(), wanted)
                && let Some(media_type) = media_type
            {
                return media_type;
            }
            others = after;
        }
        rest = after;
    }
    UNKNOWN
}

/// One media type a line, after the extensions that it belongs to. One text takes half the flash of a
/// table of pairs.
const TYPES: &str = "\
    html,htm=text/html; charset=utf-8\n\
    css=text/css; charset=utf-8\n\
    js,mjs=text/javascript; charset=utf-8\n\
    json,map=application/json\n\
    webmanifest=application/manifest+json\n\
    svg=image/svg+xml\n\
    png=image/png\n\
    jpg,jpeg=image/jpeg\n\
    gif=image/gif\n\
    webp=image/webp\n\
    avif=image/avif\n\
    ico=image/vnd.microsoft.icon\n\
    bmp=image/bmp\n\
    txt,log=text/plain; charset=utf-8\n\
    md=text/markdown; charset=utf-8\n\
    csv=text/csv; charset=utf-8\n\
    xml=application/xml\n\
    pdf=application/pdf\n\
    wasm=application/wasm\n\
    zip=application/zip\n\
    gz=application/gzip\n\
    tar=application/x-tar\n\
    pcap=application/vnd.tcpdump.pcap\n\
    woff=font/woff\n\
    woff2=font/woff2\n\
    ttf=font/ttf\n\
    otf=font/otf\n\
    mp3=audio/mpeg\n\
    ogg=audio/ogg\n\
    wav=audio/wav\n\
    mp4=video/mp4\n\
    webm=video/webm";

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    #[test]
    fn the_last_extension_decides() {
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
            ("a.html,htm", UNKNOWN),
            ("", UNKNOWN),
        ] {
            assert_eq!(of(path), expected, "{path}");
        }
    }

    #[test]
    fn extensions_are_lower_case_and_unique() {
        let mut seen = std::vec::Vec::new();
        for line in TYPES.lines() {
            let (extensions, media_type) = line.split_once('=').unwrap();
            assert!(media_type.contains('/'), "{line}");
            for extension in extensions.split(',') {
                assert!(!extension.is_empty() && !seen.contains(&extension), "{line}");
                assert!(
                    extension
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                );
                seen.push(extension);
            }
        }
        assert_eq!(seen.len(), 37);
    }
}
