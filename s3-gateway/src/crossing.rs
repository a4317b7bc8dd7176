//! The one place where asynchronous code hands work to blocking threads.
//!
//! The engine is plain calls that wait for disks and locks. Each runs on a thread of the runtime's
//! blocking pool, and the number of permits bounds how many do so at a time.
//!
//! Invariant: the permit lies with the work and not with the one who waits for it. A client that goes away
//! leaves its call running to the end, and the bound holds.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::refusal::{Answer, Code, Refusal};

/// Permits to call the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Crossing {
    permits: Arc<Semaphore>,
}

impl Crossing {
    /// Lets at most `calls_max` calls run at a time.
    pub(crate) fn new(calls_max: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(calls_max.max(1))) }
    }

    /// Runs `work` on a blocking thread and waits for its answer.
    ///
    /// *Errors*: those of `work`; `InternalError` where it panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        self.start(work).await.await
    }

    /// Runs `work` on a blocking thread once a permit is free. Nobody waits for it.
    pub(crate) fn send(&self, work: impl FnOnce() + Send + 'static) {
        let crossing = self.clone();
        tokio::spawn(async move {
            let work = move || {
                work();
                Ok(())
            };
            crossing.run(work).await.ok();
        });
    }

    /// Starts `work` on a blocking thread once a permit is free; the future that comes back waits for its
    /// answer. The work goes on whether or not that future is polled.
    pub(crate) async fn start<T, W>(&self, work: W) -> impl Future<Output = Answer<T>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce() -> Answer<T> + Send + 'static,
    {
        // The semaphore is never closed; without a permit the work is refused rather than unbounded.
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let span = tracing::Span::current();
        let task = permit.map(|permit| {
            tokio::task::spawn_blocking(move || {
                let _permit = permit;
                span.in_scope(work)
            })
        });
        async move {
            match task {
                Ok(task) => task.await.unwrap_or_else(|_| Err(lost("the call into the engine panicked"))),
                Err(_) => Err(lost("no call into the engine is possible any more")),
            }
        }
    }
}

/// The answer to whoever waits for a call that does not come back.
pub(crate) fn lost(reason: &'static str) -> Refusal {
    tracing::error!(reason, "a blocking call was lost");
    Refusal::new(Code::InternalError)
}
