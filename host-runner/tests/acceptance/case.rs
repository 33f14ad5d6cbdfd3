//! A case of the suite: what it needs, and on which targets it makes sense.

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

/// A case on a device with the files that are built in, as a board has them.
pub fn case(name: &'static str, run: fn(&Device)) -> Case {
    Case { name, tap_only: None, board_only: None, options: &[], run: Run::OnDevice(run) }
}

/// A case on a device with files of its own.
pub fn case_on_site(name: &'static str, run: fn(&Site)) -> Case {
    Case { run: Run::OnSite(run), ..case(name, |_| ()) }
}

/// A case on another firmware, which is among the board's examples. For boards only: `why`.
pub fn case_on_example(
    name: &'static str,
    example: &'static str,
    run: fn(&Device),
    why: &'static str,
) -> Case {
    Case { run: Run::OnExample(example, run), ..case(name, |_| ()) }.board_only(why)
}

/// A case that prepares a folder before it starts `host-runner` itself. For it only: `why`.
pub fn case_in_folder(name: &'static str, run: fn(&Path), why: &'static str) -> Case {
    Case { run: Run::InFolder(run), ..case(name, |_| ()) }.tap_only(why)
}

impl Case {
    /// A case for `host-runner` only: `why`.
    pub fn tap_only(mut self, why: &'static str) -> Self {
        self.tap_only = Some(why);
        self
    }

    /// A case for boards only: `why`.
    pub fn board_only(mut self, why: &'static str) -> Self {
        self.board_only = Some(why);
        self
    }

    /// What brings `host-runner` into the state that the case is about. A board is always in it,
    /// unless this is a case for `host-runner` only.
    pub fn with_options(mut self, options: &'static [&'static str]) -> Self {
        self.options = options;
        self
    }

    /// As the test runner wants it.
    pub fn into_trial(self, target: &Target) -> Trial {
        let (left_out, only) = match target {
            Target::Tap => (self.board_only, "board"),
            Target::Board(_) => (self.tap_only, "tap"),
        };
        let skip = left_out.is_some();
        let name = match left_out {
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
        Ok(said) => *said,
        Err(panic) => panic
            .downcast::<&str>()
            .map_or_else(|_| String::from("panicked"), |said| (*said).to_owned()),
    })
}

/// The same, with the end of the device's log.
fn outcome_on(device: &Device, run: impl FnOnce()) -> Result<(), Failed> {
    outcome_of(run).map_err(|said| {
        let log = device.log();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(100)..].join("\n");
        format!("{said}\n--- the end of its log ---\n{end}").into()
    })
}
