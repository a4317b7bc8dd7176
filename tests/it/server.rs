//! The built program as a process: started on free ports and a directory of its own, ended with the test.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long a start or a stop may take before the test fails.
const DEADLINE: Duration = Duration::from_secs(30);
/// Starts before it is no accident any more that a port is taken.
const STARTS_MAX: usize = 5;
/// How long to wait for the program's next line before asking again whether it is ready.
const PACE: Duration = Duration::from_millis(20);

/// A place on disk for one archive: its data directory and the home of its master key.
pub(crate) struct Place {
    folder: TempDir,
}

/// A running server; dropping it ends the process.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
    pub(crate) s3: SocketAddr,
    pub(crate) api: SocketAddr,
}

/// What a program that ended has said.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::with_prefix("artstore-it-").expect("a temporary folder can be made") }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file beside the data directory.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a temporary file can be written");
        path
    }

    /// Starts `artstore serve` here and waits until it is ready.
    pub(crate) fn serve(&self) -> Server {
        for _ in 0..STARTS_MAX {
            let (s3, api) = free_addresses();
            let mut child =
                self.command().args(self.serve_arguments(s3, api)).spawn().expect("the program starts");
            let lines = lines_of(&mut child);
            let mut server = Server { child, lines, s3, api };
            match server.said_until_ready() {
                None => return server,
                // Somebody else took a port that was free a moment ago.
                Some(said) if said.contains("Address already in use") => {}
                Some(said) => panic!("the server was not ready within {DEADLINE:?}; it said:\n{said}"),
            }
        }
        panic!("no two ports stay free for as long as a server needs to start");
    }

    /// Runs `artstore serve` here where it is expected to refuse.
    pub(crate) fn serve_in_vain(&self, more: &[&str]) -> Ended {
        let (s3, api) = free_addresses();
        let mut command = self.command();
        command.args(self.serve_arguments(s3, api)).args(more);
        run(command)
    }

    /// Runs a command of the program on this data directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command();
        command.args(arguments).arg("--data").arg(self.data());
        run(command)
    }

    fn serve_arguments(&self, s3: SocketAddr, api: SocketAddr) -> Vec<String> {
        let data = self.data().to_str().expect("the temporary folder's name is UTF-8").to_owned();
        ["serve", "--data", &data, "--s3-listen", &s3.to_string(), "--api-listen", &api.to_string()]
            .map(str::to_owned)
            .to_vec()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_artstore"));
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Server {
    /// Asks the process to end and waits for it.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().expect("the process can be waited for")
    }

    /// Ends the process without a warning.
    pub(crate) fn kill(mut self) {
        self.signal(Signal::KILL);
        self.child.wait().expect("the process can be waited for");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the process takes signals");
    }

    /// Sends a GET and answers with the status and everything behind the status line.
    pub(crate) fn get(&self, address: SocketAddr, path: &str) -> (u16, String) {
        get(address, path).expect("the server answers")
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Polls `/health/ready`; between two tries it waits for the program's next line, or its end. What it said, where it
    /// did not become ready.
    fn said_until_ready(&mut self) -> Option<String> {
        let mut said = String::new();
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end {
            if get(self.api, "/health/ready").is_some_and(|(status, _)| status == 200) {
                return None;
            }
            match self.lines.recv_timeout(PACE) {
                Ok(line) => said.push_str(&line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Some(said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::KILL);
            self.child.wait().expect("the process can be waited for");
        }
    }
}

/// The text of a file below a folder.
pub(crate) fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn run(mut command: Command) -> Ended {
    let output = command.output().expect("the program starts");
    Ended {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Two ports that were free a moment ago.
fn free_addresses() -> (SocketAddr, SocketAddr) {
    let bind = || TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let (first, second) = (bind(), bind());
    let address = |listener: &TcpListener| listener.local_addr().expect("a listener has an address");
    (address(&first), address(&second))
}

/// Everything the process writes, line by line; the channel closes when it ends.
fn lines_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let stdout = child.stdout.take().expect("the output is piped");
    let stderr = child.stderr.take().expect("the output is piped");
    let streams: [Box<dyn Read + Send>; 2] = [Box::new(stdout), Box::new(stderr)];
    for stream in streams {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if sender.send(line + "\n").is_err() {
                    return;
                }
            }
        });
    }
    receiver
}

fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, DEADLINE).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer))
}
