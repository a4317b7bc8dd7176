//! One row: what is done, to which objects, by how many clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Content;
use crate::random::Random;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Put,
    Get,
    Head,
    Delete,
}

/// What a signature says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    Unsigned,
    Signed,
}

/// When a row is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    After(Duration),
    /// When each object of the stock was met once.
    Done,
}

/// Objects with running numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stock {
    /// Bucket and the first part of the keys.
    pub(crate) prefix: String,
    pub(crate) count: u64,
    /// Folders that the objects are spread over in turn; without them a thousand objects share one.
    pub(crate) folders: Option<u64>,
}

pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) operation: Operation,
    pub(crate) clients: usize,
    pub(crate) payload: Payload,
    pub(crate) content: Arc<Content>,
    pub(crate) stock: Stock,
    pub(crate) end: End,
    next: AtomicU64,
}

impl Stock {
    /// Path of an object; every character of it stands for itself.
    pub(crate) fn path(&self, number: u64) -> String {
        let Self { prefix, folders, .. } = self;
        let folder = folders.map_or(number / 1000, |folders| number % folders);
        format!("/{prefix}/{folder:05}/document-{number:08}.bin")
    }
}

impl Plan {
    pub(crate) fn new(
        operation: Operation,
        name: &str,
        content: &Arc<Content>,
        stock: Stock,
        end: End,
    ) -> Self {
        Self {
            name: name.to_owned(),
            operation,
            clients: 16,
            payload: Payload::Unsigned,
            content: Arc::clone(content),
            stock,
            end,
            next: AtomicU64::new(0),
        }
    }

    pub(crate) fn clients(self, clients: usize) -> Self {
        Self { clients, ..self }
    }

    pub(crate) fn payload(self, payload: Payload) -> Self {
        Self { payload, ..self }
    }

    /// Objects that a PUT has begun with.
    pub(crate) fn written(&self) -> Stock {
        Stock { count: self.next.load(Ordering::Relaxed), ..self.stock.clone() }
    }

    /// The number of the next object, unless the row is over.
    pub(super) fn next(&self, started: Instant, random: &mut Random) -> Option<u64> {
        if let End::After(duration) = self.end
            && started.elapsed() >= duration
        {
            return None;
        }
        let is_bounded = matches!(self.end, End::Done) || self.operation == Operation::Delete;
        match self.operation {
            Operation::Get | Operation::Head => Some(random.below(self.stock.count)),
            Operation::Put | Operation::Delete => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                (!is_bounded || number < self.stock.count).then_some(number)
            }
        }
    }
}
