//! `artstore transfer` and `artstore transactions`.

use crate::cli::{OutputArguments, Table, TransferArguments, printable, terminal};
use crate::control::Owner;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Settings;
use crate::size::show_size;
use crate::upkeep::{Transaction, TransferRequest, TransitionRequest, Work};

/// Moves documents to an element of a stricter mode and waits until that is done.
///
/// *Errors*: `ProblemsFound` where a version could not be moved, those of [`Owner::find`], `Failed`.
pub(crate) fn transfer(settings: &Settings, arguments: &TransferArguments) -> Result<()> {
    let TransferArguments { bucket, prefix, to, output } = arguments;
    let request = TransferRequest { bucket: bucket.clone(), prefix: prefix.clone(), to: to.clone() };
    request.destination()?;
    let mut owner = Owner::find(settings)?;
    let transaction = owner.transact(Work::Transfer(request), &mut show_progress)?;
    owner.close()?;
    if output.json {
        terminal::show_json(&transaction)?;
    } else {
        terminal::show(&text(&transaction))?;
    }
    if transaction.failed == 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::ProblemsFound, "transfer")
        .because(format_args!("{} versions could not be moved and lie where they lay", transaction.failed))
        .remedy("put right what each line names, and give the command again: it does what is left"))
}

/// Lists the transactions that are kept.
pub(crate) fn transactions(settings: &Settings, output: OutputArguments) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let transactions = owner.transactions()?;
    owner.close()?;
    if output.json { terminal::show_json(&transactions) } else { terminal::show(&table(&transactions)) }
}

pub(super) fn show_progress(transaction: &Transaction) {
    if terminal::is_watched() {
        let Transaction { moved, moved_bytes, .. } = transaction;
        // The work goes on, and a terminal that went away does not stop it.
        terminal::notify(&format!("{moved} versions moved, {}\n", show_size(*moved_bytes))).ok();
    }
}

/// What a transfer came to, for people.
pub(super) fn text(transaction: &Transaction) -> String {
    let Transaction { moved, moved_bytes, unchanged, failed, failures, .. } = transaction;
    let mut text =
        format!("Moved {moved} versions, {}; {unchanged} were there already\n", show_size(*moved_bytes));
    for failure in failures {
        text.push_str(&format!(
            "  not moved: {} ({})\n    {}\n",
            printable(&failure.key),
            failure.version,
            printable(&failure.reason)
        ));
    }
    let unlisted = failed.saturating_sub(failures.len() as u64);
    if unlisted > 0 {
        text.push_str(&format!("  {unlisted} more were not moved\n"));
    }
    text
}

/// The transactions for people.
pub(super) fn table(transactions: &[Transaction]) -> String {
    let mut table = Table::new(["ID", "STATE", "BUCKET", "PREFIX", "TO", "MOVED", "BYTES", "FAILED"]);
    for transaction in transactions {
        let (bucket, prefix, to) = match &transaction.work {
            Work::Transfer(TransferRequest { bucket, prefix, to }) => {
                (bucket.to_string(), printable(prefix), to.clone())
            }
            Work::Transition(TransitionRequest { element, mode }) => {
                ("-".to_owned(), format!("element {element}"), mode.to_string())
            }
        };
        table.push([
            transaction.id.to_string(),
            transaction.state.to_string(),
            bucket,
            prefix,
            to,
            transaction.moved.to_string(),
            show_size(transaction.moved_bytes),
            transaction.failed.to_string(),
        ]);
    }
    table.to_text()
}
