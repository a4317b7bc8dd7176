//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Measures a running S3 server and the limits of the machine.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure a running server
    Run(Run),
    /// Measure what the disk, the digests and HTTP alone allow
    Limits(Limits),
    /// Print measured rows beside their limits
    Table(Table),
    /// Print the rows of several servers beside each other
    Compare(Compare),
    /// Answer from memory, as the cost of HTTP alone; ends with its standard input
    MemoryServer(MemoryServer),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Where the server listens, as http://ADDRESS:PORT
    #[arg(long)]
    pub(crate) url: String,
    /// AWS credentials file; without it nothing is signed
    #[arg(long, required_unless_present = "files")]
    pub(crate) credentials: Option<PathBuf>,
    /// What the server is called in the rows
    #[arg(long, default_value = "artstore")]
    pub(crate) server: String,
    /// Folder that the server shows as it is: objects are written there as files, and read through it only
    #[arg(long)]
    pub(crate) files: Option<PathBuf>,
    /// Section of the credentials file
    #[arg(long, default_value = "artstore")]
    pub(crate) profile: String,
    /// Region in the signature
    #[arg(long, default_value = "us-east-1")]
    pub(crate) region: String,
    /// Processes of the server, for its CPU time and memory, which add up
    #[arg(long, value_delimiter = ',')]
    pub(crate) pid: Vec<u32>,
    /// Seconds per row
    #[arg(long, default_value_t = 10.0)]
    pub(crate) seconds: f64,
    /// Connections of the PUT and GET rows of 4 KiB
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64])]
    pub(crate) clients: Vec<usize>,
    /// Objects that GET and HEAD choose from
    #[arg(long, default_value_t = 10_000)]
    pub(crate) objects: u64,
    /// Keys that are listed
    #[arg(long, default_value_t = 100_000)]
    pub(crate) keys: u64,
    /// MiB of a large object
    #[arg(long, default_value_t = 64)]
    pub(crate) large_mib: usize,
    /// Rows whose names begin so; without it all
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Count the syncs of PUT at 64 clients by strace
    #[arg(long, requires = "pid")]
    pub(crate) strace: bool,
    /// File that rows are appended to
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Limits {
    /// Folder on the file system to measure; its files stay for `unlink-pair`
    #[arg(long)]
    pub(crate) dir: PathBuf,
    /// Seconds per row
    #[arg(long, default_value_t = 3.0)]
    pub(crate) seconds: f64,
    /// MiB written in sequence
    #[arg(long, default_value_t = 1024)]
    pub(crate) sequential_mib: usize,
    /// Rows whose names begin so; without it all but `unlink-pair`
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// File that rows are appended to
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Table {
    /// Rows that `run` and `limits` have written
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Rows that `run --server` has written, of two rounds or more
    pub(crate) file: PathBuf,
    /// The server that the others are compared with
    #[arg(long, default_value = "artstore")]
    pub(crate) with: String,
}

#[derive(Debug, Args)]
pub(crate) struct MemoryServer {
    /// Where to listen; port 0 takes a free one, which is printed
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}
