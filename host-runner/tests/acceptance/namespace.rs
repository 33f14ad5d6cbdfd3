//! The network namespace of the suite, entered before any thread exists.

use std::{fs, process::Command};

use nix::{
    sched::{CloneFlags, unshare},
    unistd::{Uid, getgid, getuid},
};

/// Moves this process into a network and mount namespace of its own (and a user namespace when it
/// is not root), with the loopback interface up. If the system forbids it, exits with a message that
/// says how to allow it.
pub fn enter() {
    let (uid, gid) = (getuid(), getgid());
    let mut flags = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    let is_root = Uid::effective().is_root();
    if !is_root {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    if let Err(error) = unshare(flags) {
        fail(&format!(
            "cannot create a namespace ({error}): run the tests as root, or allow user namespaces \
             with `sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000`"
        ));
    }
    if !is_root {
        let written = fs::write("/proc/self/setgroups", "deny")
            .and_then(|()| fs::write("/proc/self/uid_map", format!("0 {uid} 1")))
            .and_then(|()| fs::write("/proc/self/gid_map", format!("0 {gid} 1")));
        if let Err(error) = written {
            fail(&format!("cannot set up the user namespace ({error}): run the tests as root"));
        }
    }
    // Mounts made by a test must not propagate to the system.
    run("mount", &["--make-rprivate", "/"]);
    run("ip", &["link", "set", "lo", "up"]);
    // A process that is not root may send ICMP echo only if its group is in this range.
    let _ = fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0");
}

/// Runs a command that must succeed.
pub fn run(program: &str, arguments: &[&str]) {
    match Command::new(program).args(arguments).status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("`{program} {}` failed: {status}", arguments.join(" ")),
        Err(error) => panic!("`{program}` cannot be started ({error}): run .ci/install"),
    }
}

fn fail(message: &str) -> ! {
    eprintln!("acceptance: {message}");
    std::process::exit(1);
}
