//! Counting the syncs of a server (strace(1)).

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Error, ErrorKind, Result};
use crate::process::Processes;

const CALLS: &str = "trace=fsync,fdatasync,syncfs,sync_file_range";

/// A tracer that is attached to processes.
pub(crate) struct Strace {
    child: Child,
    summary: PathBuf,
    /// Held open: strace tells of every thread that it meets later, and must not end by that.
    _said: Option<BufReader<ChildStderr>>,
}

impl Strace {
    /// Attaches to all threads of processes; they are traced when it returns.
    pub(crate) fn attach(processes: &Processes) -> Result<Self> {
        let summary = std::env::temp_dir().join(format!("artstore-load-strace-{}", std::process::id()));
        let mut child = Command::new("strace")
            .args(["-f", "-c", "-e", CALLS, "-p", &processes.pids(), "-o"])
            .arg(&summary)
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed("start strace"))?;
        let mut said = child.stderr.take().map(BufReader::new);
        for _ in 0..processes.count() {
            let mut line = String::new();
            if let Some(said) = &mut said {
                said.read_line(&mut line).map_err(failed("start strace"))?;
            }
            if !line.contains("attached") {
                child.kill().and_then(|()| child.wait()).map_err(failed("stop strace"))?;
                return Err(Error::new(ErrorKind::Machine, format!("strace says: {}", line.trim())));
            }
        }
        Ok(Self { child, summary, _said: said })
    }

    /// Lets the processes go and answers with their number of syncs.
    pub(crate) fn detach(mut self) -> Result<u64> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).map_err(|errno| failed("stop strace")(errno.into()))?;
        self.child.wait().map_err(failed("stop strace"))?;
        let summary = fs::read_to_string(&self.summary).map_err(failed("read the summary of strace"))?;
        fs::remove_file(&self.summary).map_err(failed("remove the summary of strace"))?;
        Ok(calls(&summary))
    }
}

/// Adds up the column of calls: share, seconds, microseconds a call, calls, errors if any, name.
fn calls(summary: &str) -> u64 {
    summary
        .lines()
        .filter(|line| line.contains("sync"))
        .filter_map(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok())
        .sum()
}

fn failed(doing: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::io(ErrorKind::Machine, doing, source)
}

#[cfg(test)]
mod tests {
    use super::calls;

    /// The calls of every kind of sync are added up, the total of strace is left alone.
    #[test]
    fn calls_are_added_up() {
        let summary = "% time     seconds  usecs/call     calls    errors syscall\n\
                       ------ ----------- ----------- --------- --------- ----------------\n\
                        98.00    0.123456         100       120           fdatasync\n\
                         2.00    0.003456         100         3         1 syncfs\n\
                       ------ ----------- ----------- --------- --------- ----------------\n\
                       100.00    0.126912         100       123         1 total\n";
        assert_eq!(calls(summary), 123);
    }
}
