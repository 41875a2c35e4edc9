//! Children that do not outlive whoever started them.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `"$@"` for as long as standard input is open. A pipe closes with whoever holds its other end, also where that was
/// killed and could tell nobody.
const LEASH: &str = r#""$@" <&- & child=$!
cat > /dev/null
kill -TERM "$child" 2> /dev/null
wait "$child""#;

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
