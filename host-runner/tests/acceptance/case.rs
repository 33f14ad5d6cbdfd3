//! A case of the suite: its device, and the targets that it applies to.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use libtest_mimic::{Failed, Trial};

use crate::{
    device::{Device, Target, temporary_folder},
    site::Site,
};

/// One case of the suite.
pub struct Case {
    name: &'static str,
    tap_only: Option<&'static str>,
    board_only: Option<&'static str>,
    options: &'static [&'static str],
    run: Run,
}

enum Run {
    OnDevice(fn(&Device)),
    OnSite(fn(&Site)),
    OnExample(&'static str, fn(&Device)),
    InFolder(fn(&Path)),
}

/// A case on a device that serves the built-in files, which are the same on a board.
pub fn case(name: &'static str, run: fn(&Device)) -> Case {
    Case { name, tap_only: None, board_only: None, options: &[], run: Run::OnDevice(run) }
}

/// A case on a device that serves the case's own files.
pub fn case_on_site(name: &'static str, run: fn(&Site)) -> Case {
    Case { run: Run::OnSite(run), ..case(name, |_| ()) }
}

/// A case on another firmware, one of the board's examples. Boards only, for the reason `why`.
pub fn case_on_example(
    name: &'static str,
    example: &'static str,
    run: fn(&Device),
    why: &'static str,
) -> Case {
    Case { run: Run::OnExample(example, run), ..case(name, |_| ()) }.board_only(why)
}

/// A case that prepares a folder and starts `host-runner` itself. Not for boards, for the reason `why`.
pub fn case_in_folder(name: &'static str, run: fn(&Path), why: &'static str) -> Case {
    Case { run: Run::InFolder(run), ..case(name, |_| ()) }.tap_only(why)
}

impl Case {
    /// Restricts the case to `host-runner`, for the reason `why`.
    pub fn tap_only(mut self, why: &'static str) -> Self {
        self.tap_only = Some(why);
        self
    }

    /// Restricts the case to boards, for the reason `why`.
    pub fn board_only(mut self, why: &'static str) -> Self {
        self.board_only = Some(why);
        self
    }

    /// Sets the options that `host-runner` needs for the case. They have no effect on a board, whose
    /// configuration is fixed.
    pub fn with_options(mut self, options: &'static [&'static str]) -> Self {
        self.options = options;
        self
    }

    /// Converts the case for the test runner.
    pub fn into_trial(self, target: &Target) -> Trial {
        let (skip_reason, only) = match target {
            Target::Tap => (self.board_only, "board"),
            Target::Board(_) => (self.tap_only, "tap"),
        };
        let skip = skip_reason.is_some();
        let name = match skip_reason {
            Some(why) => format!("{} ({only} only: {why})", self.name),
            None => self.name.to_owned(),
        };
        let target = target.clone();
        Trial::test(name, move || match self.run {
            Run::OnDevice(run) => {
                let device = Device::start(&target, self.options);
                outcome_on(&device, || run(&device))
            }
            Run::OnSite(run) => {
                let site = Site::start(&target, self.options);
                outcome_on(&site.device, || run(&site))
            }
            Run::OnExample(example, run) => {
                let device = Device::start_example(&target, example);
                outcome_on(&device, || run(&device))
            }
            Run::InFolder(run) => {
                let folder = temporary_folder();
                let outcome = outcome_of(|| run(&folder));
                let _ = fs::remove_dir_all(&folder);
                outcome.map_err(Failed::from)
            }
        })
        .with_ignored_flag(skip)
    }
}

fn outcome_of(run: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic
            .downcast::<&str>()
            .map_or_else(|_| String::from("panicked"), |message| (*message).to_owned()),
    })
}

/// As [`outcome_of`]; a failure includes the end of the device's log.
fn outcome_on(device: &Device, run: impl FnOnce()) -> Result<(), Failed> {
    outcome_of(run).map_err(|message| {
        let log = device.log();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(100)..].join("\n");
        format!("{message}\n--- end of the device's log ---\n{end}").into()
    })
}
