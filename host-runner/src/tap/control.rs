//! Opens a TAP. The crate `tun-tap` creates the interface; this module sets the options that it does
//! not cover: the virtio header, and with it the offload of checksums and segmentation (Linux
//! `if_tun.h`).

use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsRawFd, FromRawFd, IntoRawFd},
        raw::{c_int, c_short, c_ulong},
        unix::fs::OpenOptionsExt,
    },
};

use nix::libc::O_NONBLOCK;
use tun_tap::{Iface, Mode};

use super::virtio::HEADER_SIZE;

/// The longest interface name in bytes (IFNAMSIZ without the terminating zero).
pub const MAX_NAME: usize = 15;

/// The part of `struct ifreq` that the TAP driver reads.
#[repr(C)]
pub struct Request {
    name: [u8; MAX_NAME + 1],
    flags: c_short,
    rest: [u8; 22],
}

impl Request {
    const EMPTY: Self = Self { name: [0; MAX_NAME + 1], flags: 0, rest: [0; 22] };
}

// From `linux/if_tun.h`.
const IFF_TAP: c_short = 0x0002;
const IFF_PERSIST: c_short = 0x0800;
const IFF_NO_PI: c_short = 0x1000;
const IFF_VNET_HDR: c_short = 0x4000;
const TUN_F_CSUM: c_ulong = 0x01;
const TUN_F_TSO4: c_ulong = 0x02;
const TUN_F_TSO6: c_ulong = 0x04;

#[allow(unsafe_code, missing_docs)]
mod ioctl {
    use std::os::raw::c_int;

    use super::Request;

    nix::ioctl_write_ptr_bad!(
        set_iff,
        nix::request_code_write!(b'T', 202, size_of::<c_int>()),
        Request
    );
    nix::ioctl_read_bad!(get_iff, nix::request_code_read!(b'T', 210, size_of::<c_int>()), Request);
    nix::ioctl_write_int!(set_persist, b'T', 203);
    nix::ioctl_write_int!(set_offload, b'T', 208);
    nix::ioctl_write_ptr!(set_header_size, b'T', 216, c_int);
}

/// An open TAP.
pub struct Opened {
    /// Reads and writes one frame per call, without blocking.
    pub file: File,
    /// Whether each frame is preceded by a virtio header, and checksums and segmentation are
    /// offloaded. Otherwise frames are complete Ethernet frames without a header.
    pub has_header: bool,
}

/// Creates the TAP `name` or attaches to it, with the virtio header if the kernel supports it.
pub fn open(name: &str) -> io::Result<Opened> {
    let bare = open_bare(name)?;
    let Ok(was_persistent) = is_persistent(&bare.file) else { return Ok(bare) };
    // The header can only be selected when the TAP is opened, so the interface must survive between
    // the first descriptor and the second. If the process is killed in these microseconds, the
    // interface stays.
    if set_persistent(&bare.file, true).is_err() {
        return Ok(bare);
    }
    drop(bare);
    let opened = open_with_header(name).or_else(|_| open_bare(name))?;
    if !was_persistent {
        set_persistent(&opened.file, false)?;
    }
    Ok(opened)
}

/// Creates the TAP `name` or attaches to it, without the header and without offload.
pub fn open_bare(name: &str) -> io::Result<Opened> {
    let iface = Iface::without_packet_info(name, Mode::Tap)?;
    iface.set_non_blocking()?;
    let opened = Opened { file: into_file(iface), has_header: false };
    // A persistent interface may still have the offload settings of its previous user.
    let _ = set_offload(&opened.file, 0);
    Ok(opened)
}

fn open_with_header(name: &str) -> io::Result<Opened> {
    let file =
        OpenOptions::new().read(true).write(true).custom_flags(O_NONBLOCK).open("/dev/net/tun")?;
    attach(&file, name)?;
    set_header_size(&file)?;
    set_offload(&file, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)?;
    Ok(Opened { file, has_header: true })
}

#[allow(unsafe_code)]
fn into_file(iface: Iface) -> File {
    // SAFETY: `iface` hands over ownership of the descriptor, which is open.
    unsafe { File::from_raw_fd(iface.into_raw_fd()) }
}

#[allow(unsafe_code)]
fn attach(file: &File, name: &str) -> io::Result<()> {
    let mut request = Request { flags: IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, ..Request::EMPTY };
    for (to, from) in request.name.iter_mut().zip(name.bytes().take(MAX_NAME)) {
        *to = from;
    }
    // SAFETY: the descriptor is open, and the kernel reads a whole `struct ifreq` from `request`.
    unsafe { ioctl::set_iff(file.as_raw_fd(), &request) }?;
    Ok(())
}

#[allow(unsafe_code)]
fn is_persistent(file: &File) -> io::Result<bool> {
    let mut request = Request::EMPTY;
    // SAFETY: the descriptor is open, and the kernel writes a whole `struct ifreq` to `request`.
    unsafe { ioctl::get_iff(file.as_raw_fd(), &mut request) }?;
    Ok(request.flags & IFF_PERSIST != 0)
}

#[allow(unsafe_code)]
fn set_persistent(file: &File, persistent: bool) -> io::Result<()> {
    // SAFETY: the descriptor is open, and the argument is a number.
    unsafe { ioctl::set_persist(file.as_raw_fd(), persistent.into()) }?;
    Ok(())
}

#[allow(unsafe_code)]
fn set_offload(file: &File, features: c_ulong) -> io::Result<()> {
    // SAFETY: the descriptor is open, and the argument is a number.
    unsafe { ioctl::set_offload(file.as_raw_fd(), features) }?;
    Ok(())
}

#[allow(unsafe_code)]
fn set_header_size(file: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open, and the kernel reads an `int`.
    unsafe { ioctl::set_header_size(file.as_raw_fd(), &(HEADER_SIZE as c_int)) }?;
    Ok(())
}
