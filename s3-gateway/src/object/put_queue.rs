//! Short PUTs on their way into the engine together.
//!
//! A PUT waits in a queue. Where nobody works at it, a blocking thread begins to: it takes what has come,
//! commits it with one sync, and takes what has come meanwhile, until nothing has. So a lone PUT waits for
//! nobody, and many cost one thread, one sync and one change of the catalog among them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use storage_engine::archive::put::{ReadyPut, Stored};
use storage_engine::archive::put_together::{Outcome, PUTS_MAX};
use tokio::sync::oneshot;
use tracing::Span;

use crate::access::Entered;
use crate::crossing::{Crossing, lost};
use crate::refusal::Answer;

/// Bodies up to this many bytes are put together. Longer ones are digested each on a thread of its own.
pub(crate) const QUEUED_BYTES_MAX: u64 = 16 * 1024;

/// The queue. Cheap to clone. It holds at most as many PUTs as the door admits requests.
#[derive(Clone)]
pub(crate) struct PutQueue {
    crossing: Crossing,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    is_worked_at: bool,
}

/// A PUT whose body has arrived and that has not been let in yet.
struct Waiting {
    enter: Box<dyn FnOnce() -> Answer<(Entered, ReadyPut)> + Send>,
    answer: Answering,
    span: Span,
}

type Answering = oneshot::Sender<Answer<Done>>;

enum Done {
    Stored(Stored),
    Alone(Entered, Box<ReadyPut>),
}

impl PutQueue {
    pub(crate) fn new(crossing: Crossing) -> Self {
        Self { crossing, state: Arc::default() }
    }

    /// Puts what `enter` lets in, and waits for the answer. The work goes on whether or not anybody waits.
    ///
    /// *Durability*: an answer without an error means that the object survives a power cut.
    /// *Errors*: those of `enter` and of the engine; `InternalError` where either panicked.
    pub(crate) async fn put(
        &self,
        enter: impl FnOnce() -> Answer<(Entered, ReadyPut)> + Send + 'static,
    ) -> Answer<Stored> {
        let (answer, answered) = oneshot::channel();
        self.push(Waiting { enter: Box::new(enter), answer, span: Span::current() });
        match answered.await.unwrap_or_else(|_| Err(lost("a queued PUT panicked")))? {
            Done::Stored(stored) => Ok(stored),
            Done::Alone(entered, put) => {
                self.crossing.run(move || Ok(entered.archive().put_ready(*put)?)).await
            }
        }
    }

    fn push(&self, put: Waiting) {
        let mut state = self.lock();
        state.waiting.push_back(put);
        if !std::mem::replace(&mut state.is_worked_at, true) {
            let queue = self.clone();
            self.crossing.send(move || while queue.put_some() {});
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts what waits, up to a bound. Says whether something did.
    fn put_some(&self) -> bool {
        let some: Vec<Waiting> = {
            let mut state = self.lock();
            let count = state.waiting.len().min(PUTS_MAX);
            state.is_worked_at = count > 0;
            state.waiting.drain(..count).collect()
        };
        let is_some = !some.is_empty();
        // Whoever waits for one of those that a panic takes with it is told so.
        catch_unwind(AssertUnwindSafe(|| put_together(some))).ok();
        is_some
    }
}

fn put_together(some: Vec<Waiting>) {
    let mut ready = Vec::with_capacity(some.len());
    let mut door = None;
    for Waiting { enter, answer, span } in some {
        match span.in_scope(enter) {
            Ok((entered, put)) => {
                door.get_or_insert_with(|| entered.clone());
                ready.push(((answer, entered), put));
            }
            Err(refusal) => send(answer, Err(refusal)),
        }
    }
    if let Some(door) = door {
        door.archive().put_together(ready, &mut |(answer, entered), outcome| match outcome {
            Outcome::Answered(Ok(stored)) => send(answer, Ok(Done::Stored(stored))),
            Outcome::Answered(Err(error)) => send(answer, Err(error.into())),
            Outcome::Alone(put) => send(answer, Ok(Done::Alone(entered, put))),
        });
    }
}

/// Nobody waits any more where the client has gone.
fn send(answer: Answering, done: Answer<Done>) {
    answer.send(done).ok();
}
