//! What the kernel tells of a process (proc(5)).

use std::fs;

/// `USER_HZ`: ticks of `/proc/PID/stat` a second, on every architecture that Linux runs on today.
const TICKS_PER_SECOND: u64 = 100;

/// A process seen from outside; where it is not there, nothing is told.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

/// Memory in KiB.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    /// In use now.
    pub(crate) resident_kib: u64,
    /// Most that ever was in use.
    pub(crate) peak_kib: u64,
}

impl Process {
    pub(crate) fn new(pid: u32) -> Self {
        Self(pid)
    }

    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// Microseconds of processor time of all threads, those that ended too, in steps of a tick.
    pub(crate) fn cpu_us(self) -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).ok()?;
        // The name of the program stands in parentheses and may hold anything; counting starts behind it.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        Some((user + system) * (1_000_000 / TICKS_PER_SECOND))
    }

    pub(crate) fn memory(self) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).ok()?;
        let kib = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
        };
        Some(Memory { resident_kib: kib("VmRSS")?, peak_kib: kib("VmHWM")? })
    }
}

/// The processes of a server; what they use adds up, and where one is not there, nothing is told.
#[derive(Clone, Default)]
pub(crate) struct Processes(Vec<Process>);

impl Processes {
    pub(crate) fn new(pids: &[u32]) -> Self {
        Self(pids.iter().copied().map(Process::new).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As strace(1) takes them: separated by commas.
    pub(crate) fn pids(&self) -> String {
        let pids: Vec<_> = self.0.iter().map(|process| process.0.to_string()).collect();
        pids.join(",")
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// As of `Process`.
    pub(crate) fn cpu_us(&self) -> Option<u64> {
        let (first, others) = self.0.split_first()?;
        others.iter().try_fold(first.cpu_us()?, |sum, process| Some(sum + process.cpu_us()?))
    }

    /// The peaks of several need not have been at one time: their sum is the most that there can have been.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let (first, others) = self.0.split_first()?;
        others.iter().try_fold(first.memory()?, |sum, process| {
            let memory = process.memory()?;
            Some(Memory {
                resident_kib: sum.resident_kib + memory.resident_kib,
                peak_kib: sum.peak_kib + memory.peak_kib,
            })
        })
    }
}

/// Runnable processes over the last minute.
pub(crate) fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Process, Processes};

    /// A process that runs has used memory and tells its processor time.
    #[test]
    fn our_own_process_is_read() {
        let memory = Process::own().memory().expect("we run");
        assert!(memory.resident_kib > 0 && memory.peak_kib >= memory.resident_kib);
        assert!(Process::own().cpu_us().is_some());
    }

    /// What two processes use is told as a sum, and not at all where one of them is missing.
    #[test]
    fn processes_add_up() {
        let own = std::process::id();
        let memory = |pids: &[u32]| Processes::new(pids).memory().map(|memory| memory.peak_kib);
        let alone = memory(&[own]).expect("we run");
        assert!(memory(&[own, own]).expect("we run") >= 2 * alone);
        // Above the most that Linux gives.
        assert!(memory(&[own, u32::MAX]).is_none() && Processes::new(&[own, u32::MAX]).cpu_us().is_none());
        assert!(memory(&[]).is_none() && Processes::default().cpu_us().is_none());
    }
}
