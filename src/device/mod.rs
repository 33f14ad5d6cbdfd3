//! The device's own page: an HTML page, and its data as JSON, server-sent events, Prometheus metrics
//! and pcap.
//!
//! | route | method | content | produced by |
//! |---|---|---|---|
//! | `/_device/`, `/` without a root folder | GET | the page | [`PAGE`] |
//! | the same, while writing is enabled | POST, with the token | stores the files of the page's form (multipart/form-data), for browsers without JavaScript | [`Files`](crate::http::Files) |
//! | `/_device/status.json` | GET | the [status](#status) | [`Status`] |
//! | `/_device/events` | GET | the status each second, as server-sent events | [`EventStream`] |
//! | `/_device/metrics` | GET | the [metrics](#metrics) for Prometheus | [`Metrics`] |
//! | `/_device/files.json?path=FOLDER` | GET | the [files](#files) of a folder | [`FileList`] |
//! | `/_device/capture.pcap` | GET, with the token | the last frames received and sent | [`pcap`](capture::PcapReader) |
//! | `/_device/ping` | PUT, with the token | sets the simulated loss in percent: `{"loss": 20}` | [`LossRequest`] |
//! | `/_device/clock` | PUT, with the token | sets the date | [`parse_date`] |
//!
//! [`DeviceApplication`] serves these routes.
//!
//! Every answer is produced in pieces of any size, down to one byte: a connection keeps a copy of
//! one row's values and a position, not the text.
//!
//! # Status
//! One line of JSON. Counters only grow, and wrap at 2³² (bytes: 2⁶⁴).
//! ```json
//! {"device": {"name": "bareserve", "version": "0.1.0", "uptime_ms": 81234,
//!             "unix_ms": 1700000000123, "utc_offset_s": 3600, "connections": 12,
//!             "writable": true, "authorized": false, "files_root": "/"},
//!  "services": [{"name": "http", "protocol": "tcp", "ports": [80, 6789],
//!                "open": 2, "capacity": 8, "parked": 0, "served": 120, "expired": 1,
//!                "peer_resets": 0, "unanswered": 0, "bytes_in": 4711, "bytes_out": 81500}],
//!  "backlog": {"waiting": 0, "capacity": 64, "dropped": 0},
//!  "ping": {"loss_percent": 20, "answered": 80, "lost": 20}}
//! ```
//! `unix_ms` is null while the clock is unset, and `ping` while no ping service runs. The numbers of
//! a service are those of its [`Counters`](crate::counters::Counters). A service over UDP has no
//! connections: its `open`, `capacity`, `parked`, `expired` and `peer_resets` are 0; `unanswered` is
//! 0 over TCP. `authorized` is whether the request came with the token, for a browser that holds it
//! as a cookie that scripts cannot read.
//!
//! # Metrics
//! Prometheus text format 0.0.4. Each number of a service is one series of its family, with the
//! labels `service`, `protocol` and `port`, its first one:
//! ```text
//! # HELP bareserve_connections_open TCP connections open now.
//! # TYPE bareserve_connections_open gauge
//! bareserve_connections_open{service="echo",protocol="tcp",port="7"} 2
//! bareserve_connections_open{service="echo",protocol="udp",port="7"} 0
//! ```
//! `bareserve_info` (labels `name` and `version`), `bareserve_uptime_seconds`,
//! `bareserve_backlog_dropped_total` and `bareserve_ping_loss_percent` describe the whole device.
//!
//! # Files
//! ```json
//! {"files": [{"name": "guido.jpg", "folder": false, "size": 61440, "modified": 1700000000}]}
//! ```
//! In the store's order, without authorization, and whether or not the web server generates
//! listings of its own: a device that serves this page keeps no file name secret. `size` is in
//! bytes; `modified` (seconds since 1970) is null where the store keeps no dates. A file is fetched
//! from `files_root` followed by its path, and stored there by `PUT`.

mod app;
pub mod capture;
mod document;
mod events;
mod figures;
mod files;
mod metrics;
mod overview;
mod page;
mod requests;
mod status;

pub use app::{DeviceApplication, DeviceExchange};
pub use document::{Cursor, Document, Row};
pub use events::EventStream;
pub use files::FileList;
pub use metrics::Metrics;
pub use overview::{Overview, PingEntry};
pub use page::PAGE;
pub use requests::{LossRequest, parse_date};
pub use status::Status;

#[cfg(test)]
mod tests;
