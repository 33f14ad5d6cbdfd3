//! The command line of the benchmark.

use std::{fmt, ops::Range, time::Duration};

use lexopt::{Arg, Parser};

use crate::Row;

/// The server that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Device,
    Nginx,
}

/// The direction of a transfer, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Down,
    Up,
}

/// What is measured.
pub struct Options {
    rows: Vec<String>,
    side: Option<Side>,
    direction: Option<Direction>,
    runs: u64,
    first_seed: u64,
    pub limit: Duration,
    pub is_verbose: bool,
}

impl Options {
    /// Parses the arguments.
    ///
    /// # Errors
    /// Returns one line that names the mistake.
    pub fn parse(rows: &[Row]) -> Result<Self, String> {
        let mut options = Self {
            rows: Vec::new(),
            side: None,
            direction: None,
            runs: 5,
            first_seed: 1,
            limit: Duration::from_secs(20),
            is_verbose: false,
        };
        let names: Vec<_> = rows.iter().map(|row| row.name).collect();
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
            let Arg::Long(flag) = argument else {
                return Err("the options are those of host-runner/benches/paths.rs".to_owned());
            };
            match flag.to_owned().as_str() {
                // Cargo adds it.
                "bench" => {}
                "row" => options.rows.push(one_of(&mut parser, &names)?.to_owned()),
                "only" => {
                    let is_device = one_of(&mut parser, &["device", "nginx"])? == "device";
                    options.side = Some(if is_device { Side::Device } else { Side::Nginx });
                }
                "direction" => {
                    let is_down = one_of(&mut parser, &["down", "up"])? == "down";
                    options.direction = Some(if is_down { Direction::Down } else { Direction::Up });
                }
                "runs" => options.runs = number(&mut parser)?.max(1),
                "seed" => options.first_seed = number(&mut parser)?,
                "limit" => options.limit = Duration::from_secs(number(&mut parser)?.max(1)),
                "verbose" => options.is_verbose = true,
                other => {
                    return Err(format!(
                        "unknown option --{other}: there are --row, --only, --direction, --runs, --limit, --seed, --verbose"
                    ));
                }
            }
        }
        Ok(options)
    }

    pub fn has_row(&self, name: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|row| row == name)
    }

    pub fn sides(&self) -> impl Iterator<Item = Side> + use<> {
        let only = self.side;
        [Side::Device, Side::Nginx]
            .into_iter()
            .filter(move |side| only.is_none_or(|only| only == *side))
    }

    pub fn directions(&self) -> impl Iterator<Item = Direction> + use<> {
        let only = self.direction;
        [Direction::Down, Direction::Up]
            .into_iter()
            .filter(move |one| only.is_none_or(|only| only == *one))
    }

    pub fn seeds(&self) -> Range<u64> {
        self.first_seed..self.first_seed.saturating_add(self.runs)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Device => "device",
            Self::Nginx => "nginx",
        })
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Down => "down",
            Self::Up => "up",
        })
    }
}

fn one_of<'n>(parser: &mut Parser, names: &[&'n str]) -> Result<&'n str, String> {
    let value = value(parser)?;
    let found = names.iter().find(|name| **name == value);
    found.copied().ok_or_else(|| format!("'{value}' is none of {}", names.join(", ")))
}

fn number(parser: &mut Parser) -> Result<u64, String> {
    let value = value(parser)?;
    value.parse().map_err(|_| format!("'{value}' is not a number"))
}

fn value(parser: &mut Parser) -> Result<String, String> {
    let value = parser.value().map_err(|error| error.to_string())?;
    Ok(value.to_string_lossy().into_owned())
}
