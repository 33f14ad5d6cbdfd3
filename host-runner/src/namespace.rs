//! A user and network namespace of our own, for users who may not change the system's network
//! (user_namespaces(7), network_namespaces(7)).

use std::fs;

use nix::{
    errno::Errno,
    sched::{CloneFlags, unshare},
    unistd::{getegid, geteuid},
};

use crate::{command, error::Failure, link::Link};

/// Moves this process into new namespaces, in which it may create a TAP. Sockets opened before
/// stay outside.
///
/// The process must have a single thread.
pub fn enter() -> Result<(), Failure> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).map_err(why_refused)?;
    // For show: files are created under the same user with or without a name for it in here, so a
    // system that refuses (as for a root without CAP_SETFCAP) does no harm.
    let _ = fs::write("/proc/self/setgroups", "deny")
        .and_then(|()| fs::write("/proc/self/uid_map", format!("{user} {user} 1")))
        .and_then(|()| fs::write("/proc/self/gid_map", format!("{group} {group} 1")));
    Link::find("lo")
        .and_then(|lo| lo.bring_up(None))
        .map_err(|error| Failure(format!("bringing up lo in a new network namespace: {error}")))
}

fn why_refused(errno: Errno) -> Failure {
    let cure = match errno {
        Errno::ENOSPC => "sudo sysctl -w user.max_user_namespaces=10000".to_string(),
        Errno::EPERM if is("/proc/sys/kernel/unprivileged_userns_clone", "0") => {
            "sudo sysctl -w kernel.unprivileged_userns_clone=1".to_string()
        }
        _ => command::with_sudo(),
    };
    Failure(format!(
        "creating a TAP is not permitted, and neither is a network namespace ({}); this helps: {cure}",
        errno.desc()
    ))
}

/// What to say when the TAP is refused even in the namespace of our own.
pub fn why_tap_refused() -> Failure {
    let cure = if is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0".to_string()
    } else {
        command::with_sudo()
    };
    Failure(format!(
        "creating a TAP is not permitted, not even in a network namespace of our own; this helps: {cure}"
    ))
}

fn is(setting: &str, value: &str) -> bool {
    fs::read_to_string(setting).is_ok_and(|text| text.trim() == value)
}
