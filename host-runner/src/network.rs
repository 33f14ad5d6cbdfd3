//! The link between device and host: the TAP, with addresses on both its ends.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket},
};

use bareserve::{
    Stack,
    net::{StackMemory, config::Config},
};
use smoltcp::{
    phy::Device,
    wire::{EthernetAddress, IpAddress, IpCidr},
};

use crate::{
    command,
    entropy::OsEntropy,
    error::Failure,
    link::Link,
    log::{Log, Verbosity},
    namespace,
    tap::{OpenError, Tap},
};

/// The TAP, and who has which address on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The interface's name.
    pub tap: String,
    /// The device's.
    pub address: Prefix<Ipv4Addr>,
    /// The host's.
    pub host_address: Prefix<Ipv4Addr>,
    /// The device's, besides its link-local one.
    pub address6: Prefix<Ipv6Addr>,
    /// The host's.
    pub host_address6: Prefix<Ipv6Addr>,
    /// The longest IP packet, in bytes.
    pub mtu: usize,
}

/// A stack on a device of this host.
pub type HostStack<'a, D> = Stack<'a, D, OsEntropy, Log>;

/// An address with the length of its network's prefix, as `192.168.69.1/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefix<A> {
    pub address: A,
    pub length: u8,
}

impl<A: std::fmt::Display> std::fmt::Display for Prefix<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            tap: "tap0".to_string(),
            address: Prefix { address: Ipv4Addr::new(192, 168, 69, 1), length: 24 },
            host_address: Prefix { address: Ipv4Addr::new(192, 168, 69, 100), length: 24 },
            address6: Prefix { address: Ipv6Addr::new(0xfd69, 0, 0, 0, 0, 0, 0, 1), length: 64 },
            host_address6: Prefix {
                address: Ipv6Addr::new(0xfd69, 0, 0, 0, 0, 0, 0, 0x100),
                length: 64,
            },
            mtu: 1500,
        }
    }
}

/// The device's, locally administered; its host is the only other station on the link.
const HARDWARE_ADDRESS: EthernetAddress = EthernetAddress([0x02, 0, 0, 0, 0, 0x01]);

/// Where the TAP is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// In the network namespace the program was started in.
    Host,
    /// In one of our own, as the system's may not be changed.
    Own,
}

impl Network {
    /// Opens the TAP, in a namespace of our own if need be, and sets up the host's end. `leaving`
    /// is called before this namespace is left: what it opens stays in it.
    pub fn set_up(
        &self,
        verbosity: Verbosity,
        leaving: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(Tap, Namespace), Failure> {
        let (tap, place) = match Tap::open(&self.tap, self.mtu) {
            Ok(tap) => (tap, Namespace::Host),
            Err(OpenError::NetworkDenied) => {
                leaving()?;
                namespace::enter()?;
                let tap = Tap::open(&self.tap, self.mtu).map_err(|error| match error {
                    OpenError::NetworkDenied => namespace::why_tap_refused(),
                    other => other.into(),
                })?;
                (tap, Namespace::Own)
            }
            Err(other) => return Err(other.into()),
        };
        self.set_up_host(verbosity)?;
        Ok((tap, place))
    }

    /// Opens the TAP and sets up the host's end in this namespace or not at all.
    pub fn set_up_here(&self, verbosity: Verbosity) -> Result<Tap, Failure> {
        let tap = Tap::open(&self.tap, self.mtu).map_err(|error| match error {
            OpenError::NetworkDenied => Failure(format!(
                "creating a TAP is not permitted; this helps: {}",
                command::with_sudo()
            )),
            other => other.into(),
        })?;
        self.set_up_host(verbosity)?;
        Ok(tap)
    }

    fn set_up_host(&self, verbosity: Verbosity) -> Result<(), Failure> {
        let host = &self.host_address;
        let link = Link::find(&self.tap)
            .map_err(|error| Failure(format!("finding {}: {error}", self.tap)))?;
        let done = link
            .bring_up(Some(self.mtu as u32))
            .and_then(|()| link.add_address(IpAddr::V4(host.address), host.length));
        match done {
            Ok(()) => {}
            // An administrator made the TAP for us, address and all.
            Err(error) if is_denied(&error) && is_ours(host.address) => return Ok(()),
            Err(error) => {
                return Err(Failure(format!(
                    "giving {} the address {host}: {error}; this helps: sudo ip address add {host} dev {} && sudo ip link set {} up mtu {}",
                    self.tap, self.tap, self.tap, self.mtu
                )));
            }
        }
        let host6 = &self.host_address6;
        // A host may have IPv6 switched off.
        if let Err(error) = link.add_address(IpAddr::V6(host6.address), host6.length)
            && verbosity > Verbosity::Quiet
        {
            eprintln!("host-runner: no IPv6 on {}: {error}", self.tap);
        }
        Ok(())
    }

    /// The device's end: a stack over the TAP.
    pub fn stack<'a, D: Device>(
        &self,
        tap: D,
        memory: StackMemory<'a>,
        log: Log,
    ) -> HostStack<'a, D> {
        let config = Config::new(HARDWARE_ADDRESS)
            .address(IpCidr::new(IpAddress::Ipv4(self.address.address), self.address.length))
            .address(IpCidr::new(IpAddress::Ipv6(Self::link_local()), 64))
            .address(IpCidr::new(IpAddress::Ipv6(self.address6.address), self.address6.length));
        Stack::new(tap, config, OsEntropy, memory).with_observer(log)
    }

    /// The device's link-local address, made of its hardware address (RFC 4291 appendix A).
    pub fn link_local() -> Ipv6Addr {
        let EthernetAddress([a, b, c, d, e, f]) = HARDWARE_ADDRESS;
        let pair = u16::from_be_bytes;
        Ipv6Addr::new(
            0xfe80,
            0,
            0,
            0,
            pair([a ^ 2, b]),
            pair([c, 0xff]),
            pair([0xfe, d]),
            pair([e, f]),
        )
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NoDriver => Failure(
                "the kernel's TAP driver is not loaded; this helps: sudo modprobe tun".to_string(),
            ),
            OpenError::DeviceDenied | OpenError::NetworkDenied => Failure(format!(
                "/dev/net/tun may not be used; this helps: {}",
                command::with_sudo()
            )),
            OpenError::Failed(failure) => failure,
        }
    }
}

fn is_denied(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// Whether this host has the address already.
fn is_ours(address: Ipv4Addr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}
