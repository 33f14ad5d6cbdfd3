//! The result of handlers and of an application's methods.

use super::{problem::Problem, response::Answer};

/// What handlers and [`Application`](super::Application)'s methods return. `?` converts a
/// [`Status`](super::Status) and a [`Problem`].
pub type Result<T = Answer> = core::result::Result<T, Problem>;
