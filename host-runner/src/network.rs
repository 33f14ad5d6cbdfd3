//! The link between device and host: a TAP with an address at each end.

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

/// The TAP and the addresses at its two ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// The interface name.
    pub tap: String,
    /// The device's IPv4 address.
    pub address: Prefix<Ipv4Addr>,
    /// The host's IPv4 address.
    pub host_address: Prefix<Ipv4Addr>,
    /// The device's IPv6 address, besides its link-local one.
    pub address6: Prefix<Ipv6Addr>,
    /// The host's IPv6 address.
    pub host_address6: Prefix<Ipv6Addr>,
    /// The longest IP packet, in bytes.
    pub mtu: usize,
}

/// The stack of the device, or of a client that runs on one.
pub type HostStack<'a, D> = Stack<'a, D, OsEntropy, Log>;

/// An address with its prefix length, such as `192.168.69.1/24`.
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

/// The device's MAC address: locally administered, as the host is the only other node on the link.
const HARDWARE_ADDRESS: EthernetAddress = EthernetAddress([0x02, 0, 0, 0, 0, 0x01]);

/// The network namespace that the TAP is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// The namespace that the program was started in.
    Host,
    /// A private one, entered because the system's refuses a TAP.
    Own,
}

impl Network {
    /// Opens the TAP and configures the host's end. Without permission for that, enters a private
    /// network namespace first; `before_entering` is called first, and sockets that it opens stay in the
    /// original namespace.
    pub fn set_up(
        &self,
        verbosity: Verbosity,
        before_entering: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(Tap, Namespace), Failure> {
        let (tap, namespace) = match Tap::open(&self.tap, self.mtu) {
            Ok(tap) => (tap, Namespace::Host),
            Err(OpenError::NetworkDenied) => {
                before_entering()?;
                namespace::enter()?;
                let tap = Tap::open(&self.tap, self.mtu).map_err(|error| match error {
                    OpenError::NetworkDenied => namespace::tap_failure(),
                    other => other.into(),
                })?;
                (tap, Namespace::Own)
            }
            Err(other) => return Err(other.into()),
        };
        self.set_up_host(verbosity)?;
        Ok((tap, namespace))
    }

    /// Opens the TAP and configures the host's end, in the present namespace only.
    pub fn set_up_here(&self, verbosity: Verbosity) -> Result<Tap, Failure> {
        let tap = Tap::open(&self.tap, self.mtu).map_err(|error| match error {
            OpenError::NetworkDenied => {
                Failure(format!("no permission to create a TAP; run: {}", command::with_sudo()))
            }
            other => other.into(),
        })?;
        self.set_up_host(verbosity)?;
        Ok(tap)
    }

    fn set_up_host(&self, verbosity: Verbosity) -> Result<(), Failure> {
        let host = &self.host_address;
        let link = Link::find(&self.tap)
            .map_err(|error| Failure(format!("cannot find the interface {}: {error}", self.tap)))?;
        let done = link
            .bring_up(Some(self.mtu as u32))
            .and_then(|()| link.add_address(IpAddr::V4(host.address), host.length));
        match done {
            Ok(()) => {}
            // The TAP was created for this user by an administrator, with its address.
            Err(error) if is_denied(&error) && is_local(host.address) => return Ok(()),
            Err(error) => {
                return Err(Failure(format!(
                    "cannot assign {host} to {}: {error}; run: sudo ip address add {host} dev {} && sudo ip link set {} up mtu {}",
                    self.tap, self.tap, self.tap, self.mtu
                )));
            }
        }
        let host6 = &self.host_address6;
        // The host may have IPv6 disabled; IPv4 works without it.
        if let Err(error) = link.add_address(IpAddr::V6(host6.address), host6.length)
            && verbosity > Verbosity::Quiet
        {
            eprintln!("host-runner: no IPv6 on {}: {error}", self.tap);
        }
        Ok(())
    }

    /// Creates the device's network stack on the TAP.
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

    /// The device's link-local address, derived from its MAC address (RFC 4291, appendix A).
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
            OpenError::NoDriver => {
                Failure("the kernel's TAP driver is not loaded; run: sudo modprobe tun".to_string())
            }
            OpenError::DeviceDenied | OpenError::NetworkDenied => Failure(format!(
                "no permission to open /dev/net/tun; run: {}",
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
fn is_local(address: Ipv4Addr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}
