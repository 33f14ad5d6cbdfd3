//! Example applications for `--app`. They use only the library's public interface and do not depend on
//! the host, so boards can run them too.

mod clock;
mod echo;
mod todo;

#[cfg(test)]
mod tests;

use bareserve::http::Routes;

use self::{clock::Clock, echo::Echo, todo::Todos};
use crate::arguments;

/// The chosen application, if any. A program with only one needs no `Option`.
pub type App = (Option<Routes<Todos>>, Option<Routes<Clock>>, Option<Routes<Echo>>);

/// The application that `--app` names.
pub fn app(choice: Option<arguments::App>) -> App {
    match choice {
        None => (None, None, None),
        Some(arguments::App::Todo) => (Some(Routes::new(todo::ROUTES, Todos::new())), None, None),
        Some(arguments::App::Clock) => (None, Some(Routes::new(clock::ROUTES, Clock)), None),
        Some(arguments::App::Echo) => (None, None, Some(Routes::new(echo::ROUTES, Echo))),
    }
}
