//! The parts of a device that its page shows.

use super::capture::SharedCapture;
use crate::ping::profile::{Loss, Profile, SharedProfile};

/// The parts of a device that its page shows and changes, shared by all connections. The services are
/// those of the [registry](crate::counters::Registry).
#[derive(Clone, Copy)]
pub struct Overview<'a> {
    /// The device's name.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// The ping service, if there is one.
    pub ping: Option<PingEntry<'a>>,
    /// The path under which the web server serves the files: `/`.
    pub files_root: &'a str,
    /// Whether requests with the token may change anything.
    pub writable: bool,
    /// Whether the present request came with the token.
    pub authorized: bool,
    /// The last frames received and sent, if they are kept.
    pub capture: Option<&'a dyn SharedCapture>,
}

/// The ping service of an [`Overview`].
#[derive(Debug, Clone, Copy)]
pub struct PingEntry<'a> {
    /// The profile it follows.
    pub profile: &'a SharedProfile,
}

impl PingEntry<'_> {
    /// The share of datagrams that are dropped on purpose, 0 to 100 %.
    pub fn loss_percent(&self) -> u8 {
        match self.profile.get().loss {
            Loss::Never => 0,
            Loss::Every { of, .. } => 100_u32.checked_div(of).unwrap_or(0) as u8,
            Loss::Percent(percent) => percent.min(100),
        }
    }

    /// Changes that share and restarts the service, so that one at its limit answers again.
    pub fn set_loss_percent(&self, percent: u8) {
        let loss = if percent == 0 { Loss::Never } else { Loss::Percent(percent) };
        self.profile.set(Profile { loss, ..self.profile.get() });
    }
}
