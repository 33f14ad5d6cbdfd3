//! This program's own command line, quoted for a shell, for messages that suggest a command.

use std::env;

/// The command line of this process, prefixed with `sudo`.
pub fn with_sudo() -> String {
    let program = env::current_exe()
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_else(|_| "host-runner".to_string());
    let arguments = env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let words: Vec<String> =
        ["sudo".to_string(), program].into_iter().chain(arguments).map(quote).collect();
    words.join(" ")
}

/// Quotes a word for a POSIX shell, if it needs quoting.
fn quote(word: String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_what_a_shell_reads_back() {
        assert_eq!(quote("--root".into()), "--root");
        assert_eq!(quote("my site".into()), "'my site'");
        assert_eq!(quote("it's".into()), r"'it'\''s'");
        assert_eq!(quote(String::new()), "''");
    }
}
