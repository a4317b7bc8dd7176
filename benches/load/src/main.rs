//! Measures a running S3 server and, beside it, the limits of the machine: one thread, kept-alive
//! connections, every answer checked. One JSON object a row; `table` sets the rows beside the limits.

mod arguments;
mod credentials;
mod error;
mod http;
mod limits;
mod measurement;
mod memory_server;
mod process;
mod random;
mod report;
mod signature;
mod strace;
mod timestamp;
mod workload;

use std::io::Write;
use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use error::{Error, ErrorKind, Result};

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed there is nobody left to tell.
            drop(writeln!(std::io::stderr(), "artstore-load: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Run(run) => on_one_thread(workload::run(run)),
        Command::Limits(limits) => on_one_thread(limits::run(limits)),
        Command::Table(table) => report::table::print(&table.file),
        Command::Compare(compare) => report::comparison::print(&compare.file, &compare.with),
        Command::MemoryServer(server) => on_one_thread(memory_server::serve(server.listen)),
    }
}

fn on_one_thread(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| Error::io(ErrorKind::Machine, "start the runtime", source))?;
    runtime.block_on(work)
}
