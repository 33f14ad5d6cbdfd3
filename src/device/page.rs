//! The page's files.

/// One file of the page.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its path under `/_device/`; the page itself is the empty one.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub content: &'static [u8],
}

/// All of them; the page asks for nothing else but the data.
pub const ASSETS: [Asset; 4] = [
    Asset {
        path: "",
        content_type: "text/html; charset=utf-8",
        content: include_bytes!("page/index.html"),
    },
    Asset {
        path: "style.css",
        content_type: "text/css; charset=utf-8",
        content: include_bytes!("page/style.css"),
    },
    Asset {
        path: "app.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_bytes!("page/app.js"),
    },
    Asset {
        path: "icon.svg",
        content_type: "image/svg+xml",
        content: include_bytes!("page/icon.svg"),
    },
];
