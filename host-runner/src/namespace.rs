//! A private user and network namespace, for users without permission to configure the system's
//! network (user_namespaces(7), network_namespaces(7)).

use std::fs;

use nix::{
    errno::Errno,
    sched::{CloneFlags, unshare},
    unistd::{getegid, geteuid},
};

use crate::{command, error::Failure, link::Link};

/// Moves this process into new user and network namespaces, in which it has permission to create a
/// TAP. Sockets opened before the call stay in the old namespace.
///
/// The process must be single-threaded: unshare(2) refuses CLONE_NEWUSER otherwise.
pub fn enter() -> Result<(), Failure> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).map_err(unshare_failure)?;
    // The identity mapping only makes tools show the user's name: files are created under the same
    // user without it. So a refusal (for a root user without CAP_SETFCAP) is ignored.
    let _ = fs::write("/proc/self/setgroups", "deny")
        .and_then(|()| fs::write("/proc/self/uid_map", format!("{user} {user} 1")))
        .and_then(|()| fs::write("/proc/self/gid_map", format!("{group} {group} 1")));
    Link::find("lo")
        .and_then(|lo| lo.bring_up(None))
        .map_err(|error| Failure(format!("bringing up lo in a new network namespace: {error}")))
}

/// The message for a refused unshare(2), with the command that permits it.
fn unshare_failure(errno: Errno) -> Failure {
    let cure = match errno {
        Errno::ENOSPC => "sudo sysctl -w user.max_user_namespaces=10000".to_string(),
        Errno::EPERM if has_value("/proc/sys/kernel/unprivileged_userns_clone", "0") => {
            "sudo sysctl -w kernel.unprivileged_userns_clone=1".to_string()
        }
        _ => command::with_sudo(),
    };
    Failure(format!(
        "no permission to create a TAP or a network namespace ({}); run: {cure}",
        errno.desc()
    ))
}

/// The message for a TAP that is refused inside the private namespace too.
pub fn tap_failure() -> Failure {
    let cure = if has_value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1") {
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0".to_string()
    } else {
        command::with_sudo()
    };
    Failure(format!(
        "no permission to create a TAP, even in a private network namespace; run: {cure}"
    ))
}

fn has_value(setting: &str, value: &str) -> bool {
    fs::read_to_string(setting).is_ok_and(|text| text.trim() == value)
}
