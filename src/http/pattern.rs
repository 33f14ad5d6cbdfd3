//! The path patterns of routes: `/todos/:id`, `/files/*`.

/// Whether `path`, which has no slash in front, matches `pattern`.
pub(super) fn matches(pattern: &'static str, path: &str) -> bool {
    let mut wanted = segments(pattern);
    let mut found = path.split('/');
    loop {
        match (wanted.next(), found.next()) {
            (Some("*"), _) | (None, None) => return true,
            (Some(wanted), Some(found)) if matches_segment(wanted, found) => {}
            _ => return false,
        }
    }
}

/// The segment of `path` that `pattern` calls `name`.
pub(super) fn path_parameter<'p>(
    pattern: &'static str,
    path: &'p str,
    name: &str,
) -> Option<&'p str> {
    let is_it = |(wanted, _): &(&str, &str)| wanted.strip_prefix(':') == Some(name);
    segments(pattern).zip(path.split('/')).find(is_it).map(|(_, value)| value)
}

/// The segments of a pattern.
fn segments(pattern: &'static str) -> impl Iterator<Item = &'static str> {
    pattern.strip_prefix('/').unwrap_or(pattern).split('/')
}

fn matches_segment(wanted: &str, found: &str) -> bool {
    if wanted.starts_with(':') { !found.is_empty() } else { wanted == found }
}
