//! The files that a device serves: a folder of the host, or a board's small store in RAM.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    device::{ADDRESS, Device, Target, temporary_folder},
    programs::{output_of, run_in},
};

/// Files that are part of a board's program.
const BUILT_IN: [&str; 2] = ["HelloWorld.html", "bareserve.png"];
const PICTURE: &[u8] = include_bytes!("../../site/bareserve.png");

/// A device that starts with the built-in files only, and a folder for its client.
pub struct Site {
    /// The device.
    pub device: Device,
    /// The client's folder.
    pub client: PathBuf,
    /// The served folder; a board has none. Both are inside the device's folder.
    root: Option<PathBuf>,
}

impl Site {
    /// Starts `target`: `host-runner` with `options` and a folder.
    pub fn start(target: &Target, options: &[&str]) -> Self {
        Self::start_in(temporary_folder(), target, options)
    }

    /// As [`Site::start`], with its folders in `folder`, which is removed with the device. An existing
    /// root keeps its content.
    pub fn start_in(folder: PathBuf, target: &Target, options: &[&str]) -> Self {
        let (root, client) = (folder.join("root"), folder.join("client"));
        fs::create_dir_all(&root).expect("a folder");
        fs::create_dir_all(&client).expect("a folder");
        let text = root.display().to_string();
        let options = [&["--root", text.as_str()], options].concat();
        let device = Device::start_in(folder, target, &options);
        let root = (*target == Target::Tap).then_some(root);
        Self { device, client, root }
    }

    /// Content of many segments, of which the store has room for two copies.
    pub fn content(&self) -> Vec<u8> {
        content(if self.root.is_some() { 3 << 20 } else { 1000 })
    }

    /// The path and content of a file that is larger than all buffers on its way.
    pub fn large_file(&self) -> (&'static str, Vec<u8>) {
        if self.root.is_none() {
            return ("/bareserve.png", PICTURE.to_vec());
        }
        let large = content(16 << 20);
        self.put("large.bin", &large);
        ("/large.bin", large)
    }

    /// Stores a file, and creates its folders: on a board by an authorised request.
    pub fn put(&self, path: &str, content: &[u8]) {
        match &self.root {
            Some(root) => {
                let file = root.join(path);
                fs::create_dir_all(file.parent().expect("a folder")).expect("its folder");
                fs::write(file, content).expect("a file");
            }
            None => {
                fs::write(self.client.join("content"), content).expect("a file");
                let put = ["-f", "-T", "content", "-H", &self.device.bearer()];
                self.curl(&put, &percent_encoded(path));
            }
        }
    }

    /// Deletes a file.
    pub fn remove(&self, path: &str) {
        match &self.root {
            Some(root) => fs::remove_file(root.join(path)).expect("a file"),
            None => {
                let delete = ["-f", "-X", "DELETE", "-H", &self.device.bearer()];
                self.curl(&delete, &percent_encoded(path));
            }
        }
    }

    /// The content of a file, if it exists.
    pub fn stored(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(root) = &self.root {
            return fs::read(root.join(path)).ok();
        }
        let url = format!("http://{ADDRESS}{}", percent_encoded(path));
        let output = run_in(&self.client, "curl", &["-sf", "--max-time", "20", &url]);
        output.status.success().then_some(output.stdout)
    }

    /// The sorted names of the files, without the built-in ones. In a folder of the host, unfinished
    /// uploads are included.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = match &self.root {
            Some(root) => names_in(root),
            None => {
                let list = self.curl(&["-f"], "/_device/files.json");
                let list: Value = serde_json::from_str(&list).expect("JSON");
                let files = list["files"].as_array().expect("a list").iter();
                files.map(|file| file["name"].as_str().expect("a name").to_owned()).collect()
            }
        };
        names.retain(|name| !BUILT_IN.contains(&name.as_str()));
        names.sort();
        names
    }

    /// The output of `curl` for `path`.
    pub fn curl(&self, arguments: &[&str], path: &str) -> String {
        curl(&self.client, arguments, path)
    }

    /// The status code of the response.
    pub fn status(&self, arguments: &[&str], path: &str) -> String {
        self.curl(&[&["-o", "body", "-w", "%{http_code}"], arguments].concat(), path)
    }
}

/// The output of `curl`, run in `folder`, for `path` of the device.
pub fn curl(folder: &Path, arguments: &[&str], path: &str) -> String {
    let url = format!("http://{ADDRESS}{path}");
    let always = ["-sS", "--max-time", "20", "--path-as-is", "--globoff"];
    output_of(folder, "curl", &[&always, arguments, &[&url]].concat())
}

/// Pseudo-random bytes.
pub fn content(length: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The sorted names in a folder.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<_> = entries.map(|entry| name(entry.expect("an entry"))).collect();
    names.sort();
    names
}

/// Percent-encodes every byte of a path but the slashes (RFC 3986, section 2.1).
fn percent_encoded(path: &str) -> String {
    let byte = |byte| match byte {
        b'/' => String::from("/"),
        other => format!("%{other:02X}"),
    };
    std::iter::once(String::from("/")).chain(path.bytes().map(byte)).collect()
}
