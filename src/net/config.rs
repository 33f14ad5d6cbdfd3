//! The settings of an interface.

use heapless::Vec;
use smoltcp::wire::{EthernetAddress, IpCidr};

use super::setup_error::SetupError;

/// How many addresses an interface can have: smoltcp's own choice, 2 unless the program enables one
/// of its `iface-max-addr-count` features.
pub const MAX_ADDRESSES: usize = smoltcp::config::IFACE_MAX_ADDR_COUNT;

/// The settings of an Ethernet interface.
#[derive(Debug, Clone)]
pub struct Config {
    pub(super) hardware_address: EthernetAddress,
    pub(super) addresses: Vec<IpCidr, MAX_ADDRESSES>,
    pub(super) mistake: Option<SetupError>,
}

impl Config {
    /// An interface with this hardware address and no IP address yet.
    pub const fn new(hardware_address: EthernetAddress) -> Self {
        Self { hardware_address, addresses: Vec::new(), mistake: None }
    }

    /// Adds an address and its network: `192.168.69.1/24`. The first service that is added to the stack
    /// reports it when there are more than [`MAX_ADDRESSES`].
    #[must_use]
    pub fn address(mut self, address: IpCidr) -> Self {
        if self.addresses.push(address).is_err() {
            self.mistake = Some(SetupError::TooManyAddresses);
        }
        self
    }
}
