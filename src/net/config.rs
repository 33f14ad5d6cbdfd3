//! The settings of an interface.

use heapless::Vec;
use smoltcp::wire::{EthernetAddress, IpCidr};

use super::setup_error::SetupError;

/// The most addresses of an interface. smoltcp sets it: 2, unless the program enables one of its
/// `iface-max-addr-count` features.
pub const MAX_ADDRESSES: usize = smoltcp::config::IFACE_MAX_ADDR_COUNT;

/// The settings of an Ethernet interface.
#[derive(Debug, Clone)]
pub struct Config {
    pub(super) hardware_address: EthernetAddress,
    pub(super) addresses: Vec<IpCidr, MAX_ADDRESSES>,
    pub(super) mistake: Option<SetupError>,
}

impl Config {
    /// An interface with this hardware address and without IP addresses.
    pub const fn new(hardware_address: EthernetAddress) -> Self {
        Self { hardware_address, addresses: Vec::new(), mistake: None }
    }

    /// Adds an address and the prefix length of its network: `192.168.69.1/24`. With more than
    /// [`MAX_ADDRESSES`], adding the first service to the stack fails with
    /// [`SetupError::TooManyAddresses`].
    #[must_use]
    pub fn address(mut self, address: IpCidr) -> Self {
        if self.addresses.push(address).is_err() {
            self.mistake = Some(SetupError::TooManyAddresses);
        }
        self
    }
}
