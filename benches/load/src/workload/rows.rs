//! The order of the rows of a run.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::content::Content;
use super::drive::drive;
use super::listing::{Listing, list};
use super::plan::{End, Operation, Payload, Plan, Stock};
use super::session::{Request, Session, Target, UNSIGNED};
use crate::arguments;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind, Result};
use crate::http::BodyCheck;
use crate::measurement::{Elapsed, Tally};
use crate::process::Processes;
use crate::report::{Kind, Log, Row};
use crate::signature::Signer;
use crate::strace::Strace;
use crate::timestamp;

const SMALL_BYTES: usize = 4096;
/// Objects behind a listing: their names count, not their content.
const LISTED_BYTES: usize = 16;
const LISTED_FOLDERS: u64 = 100;
/// Large objects that GET chooses from.
const LARGE_OBJECTS: u64 = 8;
const LARGE_CLIENTS: usize = 4;
/// Clients that fill a bucket before a row.
const FILLING_CLIENTS: usize = 64;

/// A run under way.
struct Run<'a> {
    arguments: &'a arguments::Run,
    target: Target,
    log: Log,
    /// Name of the bucket; another that begins so holds what is listed.
    bucket: String,
    small: Arc<Content>,
    large: Arc<Content>,
    /// Objects of 4 KiB that may be deleted.
    spent: Vec<Stock>,
}

/// Measures a running server, row by row.
///
/// *Errors*: `RowFailed` where a row had errors, after all rows.
pub(crate) async fn run(arguments: &arguments::Run) -> Result<()> {
    let (address, host) = address(&arguments.url)?;
    let credentials = match &arguments.credentials {
        Some(file) => Credentials::read(file, &arguments.profile)?,
        None => Credentials { access_key: "nobody".to_owned(), secret_key: String::new() },
    };
    let target = Target {
        address,
        signer: Signer::new(credentials, &arguments.region, &host),
        processes: Processes::new(&arguments.pid),
    };
    let mut run = Run {
        arguments,
        target,
        log: Log::open(arguments.out.as_deref())?,
        bucket: format!("load-{}", timestamp::unix_seconds()),
        small: Arc::new(Content::stamped(SMALL_BYTES)),
        large: Arc::new(Content::alike(arguments.large_mib << 20)),
        spent: Vec::new(),
    };
    run.idle()?;
    if arguments.files.is_some() {
        run.small_reads().await?;
        run.large_reads().await?;
        return run.log.verdict();
    }
    run.create_bucket("").await?;
    // Deletions come last: ext4 passes over inodes freed moments ago, and creating files then costs ten
    // times as much.
    run.small_puts().await?;
    run.small_reads().await?;
    run.large().await?;
    run.listings().await?;
    run.deletes().await?;
    run.log.verdict()
}

impl Run<'_> {
    fn wants(&self, name: &str) -> bool {
        let only = &self.arguments.only;
        only.is_empty() || only.iter().any(|begin| name.starts_with(begin.as_str()))
    }

    fn duration(&self) -> End {
        End::After(Duration::from_secs_f64(self.arguments.seconds))
    }

    fn stock(&self, name: &str, count: u64) -> Stock {
        Stock { prefix: format!("{}/{name}", self.bucket), count, folders: None }
    }

    async fn create_bucket(&self, ending: &str) -> Result<()> {
        let path = &format!("/{}{ending}", self.bucket);
        let request = Request { method: "PUT", path, query: "", payload: UNSIGNED, body: &[] };
        let mut session = Session::open(&self.target).await?;
        session.request(&request, BodyCheck::Ignore).await.map(drop)
    }

    fn idle(&mut self) -> Result<()> {
        let processes = &self.target.processes;
        if !processes.is_empty() && self.wants("idle") {
            let memory = processes.memory().ok_or_else(|| {
                Error::new(ErrorKind::Usage, format!("not all processes are there: {}", processes.pids()))
            })?;
            self.log.write(Row::new(Kind::Server, "idle").memory(Some(memory)))?;
        }
        Ok(())
    }

    async fn small_puts(&mut self) -> Result<()> {
        let clients = self.arguments.clients.iter().map(|clients| (*clients, Payload::Unsigned, ""));
        for (clients, payload, ending) in clients.chain([(16, Payload::Signed, "-signed")]) {
            let name = format!("put-4k-c{clients}{ending}");
            let plan = self.plan(Operation::Put, &name, self.stock(&name, 0));
            if let Some(plan) = self.measure(plan.clients(clients).payload(payload)).await? {
                self.spent.push(plan.written());
            }
        }
        if self.arguments.strace && self.wants("put-4k-c64-strace") {
            self.count_syncs("put-4k-c64-strace").await?;
        }
        Ok(())
    }

    async fn small_reads(&mut self) -> Result<()> {
        let clients = &self.arguments.clients;
        let mut rows: Vec<_> = clients.iter().map(|c| (Operation::Get, *c, format!("get-4k-c{c}"))).collect();
        rows.push((Operation::Head, 16, "head-c16".to_owned()));
        rows.retain(|(.., name)| self.wants(name));
        if rows.is_empty() {
            return Ok(());
        }
        let stock = self.stock("objects", self.arguments.objects);
        self.fill(&Arc::clone(&self.small), &stock, FILLING_CLIENTS).await?;
        for (operation, clients, name) in rows {
            self.measure(self.plan(operation, &name, stock.clone()).clients(clients)).await?;
        }
        Ok(())
    }

    async fn large(&mut self) -> Result<()> {
        let size = self.arguments.large_mib;
        let stamped = Arc::new(Content::stamped_throughout(size << 20));
        let alike = Arc::clone(&self.large);
        for (payload, ending, content) in
            [(Payload::Unsigned, "", stamped), (Payload::Signed, "-signed", alike)]
        {
            let name = format!("put-{size}m-c4{ending}");
            let plan = Plan::new(Operation::Put, &name, &content, self.stock(&name, 0), self.duration());
            self.measure(plan.clients(LARGE_CLIENTS).payload(payload)).await?;
        }
        self.large_reads().await
    }

    async fn large_reads(&mut self) -> Result<()> {
        let large = Arc::clone(&self.large);
        let name = format!("get-{}m-c4", self.arguments.large_mib);
        if self.wants(&name) {
            let stock = self.stock("large", LARGE_OBJECTS);
            self.fill(&large, &stock, LARGE_CLIENTS).await?;
            let plan = Plan::new(Operation::Get, &name, &large, stock, self.duration());
            self.measure(plan.clients(LARGE_CLIENTS)).await?;
        }
        Ok(())
    }

    async fn listings(&mut self) -> Result<()> {
        let rows = [("list-flat", Listing::Flat), ("list-delimiter", Listing::Delimiter)];
        let rows = rows.map(|(name, listing)| (name, listing, self.wants(name)));
        if rows.iter().all(|(.., is_wanted)| !is_wanted) {
            return Ok(());
        }
        self.create_bucket("-listed").await?;
        let prefix = format!("{}-listed", self.bucket);
        let stock = Stock { prefix, count: self.arguments.keys, folders: Some(LISTED_FOLDERS) };
        self.fill(&Arc::new(Content::stamped(LISTED_BYTES)), &stock, FILLING_CLIENTS).await?;
        let duration = Duration::from_secs_f64(self.arguments.seconds);
        for (name, listing, _) in rows.into_iter().filter(|(.., is_wanted)| *is_wanted) {
            let row = Row::new(Kind::Server, name);
            let (mut tally, elapsed, entries) = list(listing, &stock, &self.target, duration).await?;
            let mut row = row.measured(&mut tally, &elapsed);
            row.set("entries_per_second", (entries as f64 / elapsed.seconds).round());
            row.set("keys", stock.count);
            self.write(row)?;
        }
        Ok(())
    }

    async fn deletes(&mut self) -> Result<()> {
        if !self.wants("delete-c16") {
            return Ok(());
        }
        if self.spent.is_empty() {
            let stock = self.stock("spent", self.arguments.objects);
            self.fill(&Arc::clone(&self.small), &stock, FILLING_CLIENTS).await?;
            self.spent.push(stock);
        }
        // The largest stock lasts longest; the row ends where it is used up.
        let stock = self.spent.iter().max_by_key(|stock| stock.count).cloned();
        if let Some(stock) = stock {
            self.measure(self.plan(Operation::Delete, "delete-c16", stock)).await?;
        }
        Ok(())
    }

    fn plan(&self, operation: Operation, name: &str, stock: Stock) -> Plan {
        Plan::new(operation, name, &self.small, stock, self.duration())
    }

    /// Drives a plan and writes its row, if it is wanted.
    async fn measure(&mut self, plan: Plan) -> Result<Option<Arc<Plan>>> {
        if !self.wants(&plan.name) {
            return Ok(None);
        }
        let plan = Arc::new(plan);
        let row = Row::new(Kind::Server, &plan.name);
        let (mut tally, elapsed) = drive(&plan, &self.target).await?;
        self.write(row.measured(&mut tally, &elapsed))?;
        Ok(Some(plan))
    }

    /// Syncs per PUT. Tracing slows the server down: the other figures of such a row say nothing.
    async fn count_syncs(&mut self, name: &str) -> Result<()> {
        let plan = Arc::new(self.plan(Operation::Put, name, self.stock(name, 0)).clients(64));
        let strace = Strace::attach(&self.target.processes)?;
        let driven: Result<(Tally, Elapsed)> = drive(&plan, &self.target).await;
        let syncs = strace.detach()?;
        let (tally, _) = driven?;
        let mut row = Row::new(Kind::Server, name);
        row.set("operations", tally.operations());
        row.set("errors", tally.errors);
        row.set("syncs", syncs);
        row.set("syncs_per_put", syncs as f64 / tally.operations().max(1) as f64);
        self.write(row)
    }

    fn write(&mut self, mut row: Row) -> Result<()> {
        row.set("server", self.arguments.server.as_str());
        let memory = self.target.processes.memory();
        self.log.write(row.memory(memory))
    }

    /// Stores every object of a stock, unmeasured.
    async fn fill(&self, content: &Arc<Content>, stock: &Stock, clients: usize) -> Result<()> {
        if let Some(files) = &self.arguments.files {
            return write_files(files, content, stock);
        }
        let plan = Plan::new(Operation::Put, "fill", content, stock.clone(), End::Done).clients(clients);
        let (tally, _) = drive(&Arc::new(plan), &self.target).await?;
        match tally.first_error {
            Some(message) => {
                Err(Error::new(ErrorKind::RowFailed, format!("fill {}: {message}", stock.prefix)))
            }
            None => Ok(()),
        }
    }
}

/// Writes every object of a stock as a file where a server shows it.
fn write_files(folder: &Path, content: &Content, stock: &Stock) -> Result<()> {
    let mut room = content.room();
    for number in 0..stock.count {
        let path = stock.path(number);
        let file = folder.join(path.trim_start_matches('/'));
        let written = std::fs::create_dir_all(file.parent().unwrap_or(folder))
            .and_then(|()| std::fs::write(&file, content.of(&path, &mut room)));
        written
            .map_err(|source| Error::io(ErrorKind::Machine, format!("write {}", file.display()), source))?;
    }
    Ok(())
}

/// Where a URL leads, and the host as a client writes it.
fn address(url: &str) -> Result<(SocketAddr, String)> {
    let wrong = || Error::new(ErrorKind::Usage, format!("`{url}` is not http://ADDRESS:PORT"));
    let host = url.strip_prefix("http://").ok_or_else(wrong)?.trim_end_matches('/');
    let address = host.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(wrong)?;
    Ok((address, host.to_owned()))
}
