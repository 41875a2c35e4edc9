//! Children that do not outlive whoever started them.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `"$@"` for as long as standard input is open. A pipe closes with whoever holds its other end, also where that was
/// killed and could tell nobody. Then the child is asked to end, and after three seconds made to.
const LEASH: &str = r#""$@" < /dev/null & child=$!
cat > /dev/null
kill -TERM "$child" 2> /dev/null
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    kill -0 "$child" 2> /dev/null || exit 0
    sleep 0.2
done
kill -KILL "$child" 2> /dev/null"#;

/// A command that ends when its standard input does, whatever it makes of that input itself.
#[must_use]
pub fn leashed(program: &std::path::Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(LEASH).arg("sh").arg(program);
    command
}

/// Ends a child by closing its standard input; by force where it does not listen.
pub fn end(child: &mut Child) {
    drop(child.stdin.take());
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Stdio;

    use super::*;

    /// Whether a process of this number runs, and is no zombie.
    fn runs(id: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }

    /// A leashed shell that writes its number to a file, and runs a script.
    fn started(script: &str, file: &Path) -> Child {
        let script = format!("echo $$ > {}; {script}", file.display());
        leashed(Path::new("sh")).args(["-c", &script]).stdin(Stdio::piped()).spawn().expect("a shell starts")
    }

    /// The number in a file, once it is there.
    fn number(file: &Path) -> String {
        let begin = Instant::now();
        loop {
            let id = std::fs::read_to_string(file).unwrap_or_default();
            if id.ends_with('\n') {
                return id.trim().to_owned();
            }
            assert!(begin.elapsed() < PATIENCE, "the script did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_leashed_child_ends_with_the_pipe_even_where_it_does_not_listen() {
        for (name, script) in
            [("polite", "exec sleep 60"), ("deaf", "trap '' TERM; while :; do sleep 1; done")]
        {
            let file = std::env::temp_dir().join(format!("ballast-leash-{}-{name}", std::process::id()));
            let _ = std::fs::remove_file(&file);
            let mut child = started(script, &file);
            let id = number(&file);
            assert!(runs(&id), "{name} runs while the pipe is open");
            end(&mut child);
            assert!(!runs(&id), "{name} ended");
            std::fs::remove_file(file).expect("removed");
        }
    }
}
