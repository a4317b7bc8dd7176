//! Runs a mover's command: a JSON request on its standard input, a bounded answer, an end in any case.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Item;
use crate::error::{Error, ErrorKind, Result};

/// For how long a command may run: a tape may have to be fetched first.
const RUN_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// From one look at a command that runs to the next.
const LOOK: Duration = Duration::from_millis(50);
/// Longest time for the rest of what a command wrote, once it has ended.
const OUTPUT_WAIT: Duration = Duration::from_secs(2);
/// Bytes kept of what a command writes.
const OUTPUT_BYTES_MAX: usize = 16 * 1024;

/// Runs `command` with the members of `request` in its environment as well, as `ARTSTORE_<NAME>`; answers what it
/// wrote to standard output.
///
/// *Errors*: `Unavailable` where it cannot be run, fails, takes too long or the work is stopped: with what it wrote
/// to standard error.
pub(super) fn run(item: &Item<'_>, command: &str, request: &Value) -> Result<String> {
    let failed = |why: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Unavailable, "run mover").about(command).because(why)
    };
    let mut child = start(command, request).map_err(|error| failed(&error).caused_by(error))?;
    if let Some(mut input) = child.stdin.take() {
        // A command that reads no request has what it needs in its environment.
        input.write_all(format!("{request}\n").as_bytes()).ok();
    }
    let (output, errors) = (keep(child.stdout.take()), keep(child.stderr.take()));
    let ended = wait(&mut child, item);
    let (output, errors) = (taken(&output), taken(&errors));
    match ended {
        Ok(status) if status.success() => Ok(output),
        Ok(status) => Err(failed(&format_args!("it ended with {status}: {}", errors.trim()))),
        Err(error) => Err(failed(&error)),
    }
}

fn start(command: &str, request: &Value) -> io::Result<Child> {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that what it started ends with it.
    shell.process_group(0);
    for (name, value) in request.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // A key may hold what no environment can; the request on standard input has it.
        if !text.contains('\0') {
            shell.env(format!("ARTSTORE_{}", name.to_uppercase()), text);
        }
    }
    shell.spawn()
}

/// Waits for the end of a command; ends it where it takes too long or the work is stopped.
fn wait(child: &mut Child, item: &Item<'_>) -> io::Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        let why = match () {
            () if (item.is_stopped)() => "it was ended with the server",
            () if start.elapsed() >= RUN_MAX => "it ran for a day and was ended",
            () => {
                thread::park_timeout(LOOK);
                continue;
            }
        };
        end(child);
        return Err(io::Error::new(io::ErrorKind::Interrupted, why));
    }
}

fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
    }
    child.wait().ok();
}

/// Reads what a command writes on a thread of its own, and keeps the beginning of it.
fn keep(from: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, kept) = channel();
    if let Some(mut from) = from {
        thread::spawn(move || {
            let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let room = OUTPUT_BYTES_MAX.saturating_sub(kept.len());
                kept.extend_from_slice(buffer.get(..count.min(room)).unwrap_or_default());
            }
            // Nobody may listen any more.
            sender.send(kept).ok();
        });
    }
    kept
}

/// What was kept. Something that the command left running may hold its output open: it is not waited for long.
fn taken(kept: &Receiver<Vec<u8>>) -> String {
    let bytes = kept.recv_timeout(OUTPUT_WAIT).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
