//! What HTTP alone allows: the same client against a server that answers from memory.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::process::Processes;
use crate::report::{Kind, Log, Row};
use crate::signature::Signer;
use crate::workload::{Content, End, Operation, Plan, Stock, Target, drive};

const SMALL_BYTES: usize = 4 << 10;
const LARGE_BYTES: usize = 64 << 20;
const OBJECTS: u64 = 1000;

/// The rows: operation, clients, whether the objects are large.
const ROWS: [(&str, Operation, usize, bool); 9] = [
    ("http-put-4k-c1", Operation::Put, 1, false),
    ("http-put-4k-c16", Operation::Put, 16, false),
    ("http-put-4k-c64", Operation::Put, 64, false),
    ("http-get-4k-c1", Operation::Get, 1, false),
    ("http-get-4k-c16", Operation::Get, 16, false),
    ("http-get-4k-c64", Operation::Get, 64, false),
    ("http-head-c16", Operation::Head, 16, false),
    ("http-put-64m-c4", Operation::Put, 4, true),
    ("http-get-64m-c4", Operation::Get, 4, true),
];

/// Measures a memory server in a process of its own.
pub(super) async fn measure(log: &mut Log, duration: Duration, wants: impl Fn(&str) -> bool) -> Result<()> {
    let rows: Vec<_> = ROWS.into_iter().filter(|(name, ..)| wants(name)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let (mut server, address) = start()?;
    let measured = measure_rows(log, duration, &rows, target(address, &server)).await;
    // The end of its standard input ends it.
    drop(server.stdin.take());
    server.wait().map_err(failed)?;
    measured
}

async fn measure_rows(
    log: &mut Log,
    duration: Duration,
    rows: &[(&str, Operation, usize, bool)],
    target: Target,
) -> Result<()> {
    let small = Arc::new(Content::stamped(SMALL_BYTES));
    let large = Arc::new(Content::alike(LARGE_BYTES));
    for (content, prefix, count) in [(&small, "memory/small", OBJECTS), (&large, "memory/large", 4)] {
        let stock = Stock { prefix: prefix.to_owned(), count, folders: None };
        drive(&Arc::new(Plan::new(Operation::Put, "fill", content, stock, End::Done)), &target).await?;
    }
    for (name, operation, clients, is_large) in rows {
        let (content, prefix) = if *is_large { (&large, "memory/large") } else { (&small, "memory/small") };
        let count = if *is_large { 4 } else { OBJECTS };
        // What a PUT row stores is taken and dropped: the memory has an end.
        let prefix = if *operation == Operation::Put { "dropped/objects" } else { prefix };
        let stock = Stock { prefix: prefix.to_owned(), count, folders: None };
        let plan = Plan::new(*operation, name, content, stock, End::After(duration)).clients(*clients);
        let (mut tally, elapsed) = drive(&Arc::new(plan), &target).await?;
        let memory = target.processes.memory();
        log.write(Row::new(Kind::Limit, name).measured(&mut tally, &elapsed).memory(memory))?;
    }
    Ok(())
}

/// Starts this program as a memory server.
fn start() -> Result<(Child, SocketAddr)> {
    let program = std::env::current_exe().map_err(failed)?;
    let mut server = Command::new(program)
        .arg("memory-server")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let mut line = String::new();
    if let Some(stdout) = server.stdout.take() {
        BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
    }
    match line.trim().parse() {
        Ok(address) => Ok((server, address)),
        Err(_) => Err(Error::new(ErrorKind::Machine, format!("the memory server listens at `{line}`"))),
    }
}

fn target(address: SocketAddr, server: &Child) -> Target {
    let credentials = Credentials { access_key: "memory".to_owned(), secret_key: "memory".to_owned() };
    let signer = Signer::new(credentials, "us-east-1", &address.to_string());
    Target { address, signer, processes: Processes::new(&[server.id()]) }
}

fn failed(source: std::io::Error) -> Error {
    Error::io(ErrorKind::Machine, "run the memory server", source)
}
