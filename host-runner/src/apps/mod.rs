//! Example applications for `--app`, written as a user of the library writes them: nothing in them
//! depends on the host, so a board can have them too.

mod clock;
mod echo;
mod todo;

#[cfg(test)]
mod tests;

use bareserve::http::Routes;

use self::{clock::Clock, echo::Echo, todo::Todos};
use crate::arguments;

/// The application that was chosen, if any. A program that has only one needs no `Option`.
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
