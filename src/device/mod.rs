//! What the device says about itself: a page for people, and the same as data for programs.
//!
//! | route | method | what it is | produced by |
//! |---|---|---|---|
//! | `/_device/`, `/` without a root folder | GET | the page | [`PAGE`] |
//! | the same, while writing is enabled | POST, with the token | stores the files of the page's form (multipart/form-data), for browsers without JavaScript | [`Files`](crate::http::Files) |
//! | `/_device/status.json` | GET | the [status](#status) | [`Status`] |
//! | `/_device/events` | GET | the status each second, as server-sent events | [`EventStream`] |
//! | `/_device/metrics` | GET | the same for Prometheus | [`Metrics`] |
//! | `/_device/files.json?path=FOLDER` | GET | the [files](#files) of a folder | [`FileList`] |
//! | `/_device/capture.pcap` | GET, with the token | the last frames on the wire | [`pcap`](capture::PcapReader) |
//! | `/_device/ping` | PUT, with the token | sets the simulated loss: `{"loss": 20}` (percent) | [`LossRequest`] |
//! | `/_device/clock` | PUT, with the token | sets the date | [`parse_date`] |
//!
//! [`DeviceApplication`] puts them there.
//!
//! Every answer is produced piece by piece into whatever room there is, down to one byte: what a
//! connection holds meanwhile is a copy of one row's numbers, not its text.
//!
//! # Status
//! One line of JSON. Counters only grow, and lap at 2³² (bytes: 2⁶⁴).
//! ```json
//! {"device": {"name": "bareserve", "version": "0.1.0", "uptime_ms": 81234,
//!             "unix_ms": 1700000000123, "utc_offset_s": 3600,
//!             "writable": true, "authorized": false, "files_root": "/"},
//!  "services": [{"name": "http", "protocol": "tcp", "ports": [80, 6789],
//!                "open": 2, "capacity": 8, "parked": 0, "served": 120, "expired": 1, "peer_resets": 0, "unanswered": 0,
//!                "bytes_in": 4711, "bytes_out": 81500}],
//!  "backlog": {"waiting": 0, "capacity": 64, "dropped": 0},
//!  "ping": {"loss_percent": 20, "answered": 80, "lost": 20}}
//! ```
//! `unix_ms` is null while the clock is unset, and `ping` while no ping service runs. What each
//! number of a service counts is said at [`Counters`](crate::counters::Counters); a service over UDP has no connections, so
//! its `open`, `capacity` and `parked` are 0. `authorized` tells the page whether its browser holds
//! the token as a cookie that scripts cannot see.
//!
//! # Files
//! ```json
//! {"files": [{"name": "guido.jpg", "folder": false, "size": 61440, "modified": 1700000000}]}
//! ```
//! In the store's order, for everybody and whether or not the web server shows listings of its own:
//! a device that shows this page hides no names. `modified` (seconds since 1970) is null where the store keeps no dates.
//! A file is fetched from `files_root` followed by its path, and stored there by `PUT`.

use self::capture::SharedCapture;
use crate::ping::{
    profile::{Loss, Profile},
    server::Control,
};

mod app;
pub mod capture;
mod document;
mod events;
mod files;
mod metrics;
mod page;
mod requests;
mod status;

pub use app::{DeviceApplication, DeviceExchange};
pub use document::{Document, Progress};
pub use events::EventStream;
pub use files::FileList;
pub use metrics::{Metrics, MetricsRow};
pub use page::PAGE;
pub use requests::{LossRequest, parse_date};
pub use status::{Status, StatusRow};

/// What there is to tell, and to change, about a device. Shared by all connections that show it.
#[derive(Clone, Copy)]
pub struct Overview<'a> {
    /// The device's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The ping service, if there is one.
    pub ping: Option<PingEntry<'a>>,
    /// Where the web server has the files: `/`.
    pub files_root: &'a str,
    /// Whether a holder of the token may change anything.
    pub writable: bool,
    /// Whether the one who asks holds it.
    pub authorized: bool,
    /// The last frames on the wire, if they are kept.
    pub capture: Option<&'a dyn SharedCapture>,
}

/// The ping service of an [`Overview`].
#[derive(Debug, Clone, Copy)]
pub struct PingEntry<'a> {
    /// The profile it follows.
    pub control: &'a Control,
}

impl PingEntry<'_> {
    /// The share of datagrams that it loses on purpose, 0 to 100 %.
    pub fn loss_percent(&self) -> u8 {
        match self.control.profile().loss {
            Loss::Never => 0,
            Loss::Every { of, .. } => 100_u32.checked_div(of).unwrap_or(0) as u8,
            Loss::Percent(percent) => percent.min(100),
        }
    }

    /// Changes that share. The service restarts, so that one at its limit answers again.
    pub fn set_loss_percent(&self, percent: u8) {
        let loss = if percent == 0 { Loss::Never } else { Loss::Percent(percent) };
        self.control.set(Profile { loss, ..self.control.profile() });
    }
}

#[cfg(test)]
mod tests;
