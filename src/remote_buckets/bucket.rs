//! What the engine asks of a bucket elsewhere.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use rusty_s3::actions::{DeleteObject, HeadObject, ListObjectsV2};
use rusty_s3::{Credentials, S3Action as _};
use storage_engine::Result;
use storage_engine::target::{BucketPlace, RemoteBody, RemoteBucket};
use tokio::runtime::Runtime;

use super::exchange::Exchange;
use super::failure::Failure;

/// For how long a signature is good: a clock may be behind by as much.
pub(super) const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);
/// Bytes that have come since the last failure and make it count as the first.
const PROGRESS_BYTES: u64 = 16 * 1024 * 1024;
/// Most versions of one object that a removal removes.
const VERSIONS_MAX: usize = 10_000;

const VERSION_ID: HeaderName = HeaderName::from_static("x-amz-version-id");

/// An open bucket. Belongs to one thread.
pub(super) struct Bucket {
    pub(super) place: BucketPlace,
    pub(super) address: rusty_s3::Bucket,
    pub(super) key: Credentials,
    pub(super) exchange: Exchange,
    /// Size of a part, in bytes.
    pub(super) part_bytes: u64,
    /// Taken at the end, so that nothing is waited for then.
    pub(super) runtime: Option<Runtime>,
}

/// What there is under a name.
enum Held {
    /// A version, with its id where the bucket keeps versions.
    Version {
        id: Option<String>,
        size: u64,
    },
    /// A delete marker, with its id where the service tells it.
    Marker(Option<String>),
    Nothing,
}

impl Bucket {
    pub(super) fn credentials(&self) -> Option<&Credentials> {
        Some(&self.key)
    }

    /// Runs a request to its end on this thread.
    fn run<T>(
        &self,
        operation: &'static str,
        name: &str,
        request: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T> {
        let done = match &self.runtime {
            Some(runtime) => runtime.block_on(request),
            None => Err(Failure::Stopped),
        };
        done.map_err(|failure| failure.into_error(operation, &self.place, name))
    }

    async fn download(
        &self,
        name: &str,
        is_stopped: &dyn Fn() -> bool,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool, Failure> {
        let (mut tries, mut come) = (self.tries(is_stopped), Come::default());
        loop {
            let before = come.bytes;
            match self.download_rest(name, &mut come, is_stopped, take).await {
                Err(Failure::Refused(refusal)) if refusal.is_missing() => return Ok(false),
                Err(failure) => {
                    if come.bytes - before >= PROGRESS_BYTES {
                        tries.renew();
                    }
                    tries.after(failure).await?;
                }
                Ok(()) => return Ok(true),
            }
        }
    }

    /// Takes what has not come yet.
    async fn download_rest(
        &self,
        name: &str,
        come: &mut Come,
        is_stopped: &dyn Fn() -> bool,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<(), Failure> {
        let url = self.address.get_object(self.credentials(), name).sign(SIGNED_FOR);
        let (headers, wanted) = come.continuation()?;
        let answer = self.exchange.ask(Method::GET, url.as_str(), headers, is_stopped).await?;
        if answer.status() != wanted {
            return Err(Failure::Strange("it answered another part of the object than was asked for"));
        }
        let (head, mut body) = answer.into_parts();
        come.etag = head.headers.get(header::ETAG).cloned();
        while let Some(piece) = self.exchange.piece(&mut body, is_stopped).await? {
            take(&piece).map_err(Failure::Here)?;
            come.bytes += piece.len() as u64;
        }
        Ok(())
    }

    pub(super) async fn size_of(
        &self,
        name: &str,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<u64>, Failure> {
        Ok(match self.held(name, is_stopped).await? {
            Held::Version { size, .. } => Some(size),
            Held::Marker(_) | Held::Nothing => None,
        })
    }

    /// Looks what there is under a name.
    async fn held(&self, name: &str, is_stopped: &dyn Fn() -> bool) -> Result<Held, Failure> {
        let mut tries = self.tries(is_stopped);
        loop {
            let url = HeadObject::new(&self.address, self.credentials(), name).sign(SIGNED_FOR);
            let asked = self.exchange.ask(Method::HEAD, url.as_str(), HeaderMap::new(), is_stopped);
            match asked.await {
                Ok(answer) => {
                    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
                    let size = text(header::CONTENT_LENGTH).and_then(|size| size.parse().ok());
                    let size = size.ok_or(Failure::Strange("its answer to HEAD says no size"))?;
                    return Ok(Held::Version { id: text(VERSION_ID).map(str::to_owned), size });
                }
                Err(Failure::Refused(refusal)) if refusal.is_missing() => {
                    return Ok(match (refusal.is_marker, refusal.version) {
                        (false, _) => Held::Nothing,
                        (true, version) => Held::Marker(version),
                    });
                }
                Err(failure) => tries.after(failure).await?,
            }
        }
    }

    /// Removes the newest version under a name again and again, until there is none.
    async fn remove_all(&self, name: &str, is_stopped: &dyn Fn() -> bool) -> Result<(), Failure> {
        let mut removed: Option<String> = None;
        for _ in 0..VERSIONS_MAX {
            let newest = match self.held(name, is_stopped).await? {
                Held::Nothing => return Ok(()),
                // Without versions there is one object, and it is gone after one request.
                Held::Version { id, .. } => id.unwrap_or_default(),
                Held::Marker(id) => id.ok_or(Failure::Strange(
                    "a delete marker hides the object, and the answer does not say which: remove its versions in that bucket",
                ))?,
            };
            if removed.as_ref() == Some(&newest) {
                break;
            }
            self.remove_one(name, &newest, is_stopped).await?;
            removed = Some(newest);
        }
        Err(Failure::Strange(
            "it keeps a version of the object that was removed: does the bucket lock objects?",
        ))
    }

    async fn remove_one(
        &self,
        name: &str,
        version: &str,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), Failure> {
        let mut tries = self.tries(is_stopped);
        loop {
            let mut action = DeleteObject::new(&self.address, self.credentials(), name);
            if !version.is_empty() {
                action.query_mut().insert("versionId", version);
            }
            let url = action.sign(SIGNED_FOR);
            match self.exchange.ask_whole(Method::DELETE, url.as_str(), is_stopped).await {
                Ok(_) => return Ok(()),
                Err(Failure::Refused(refusal)) if refusal.is_missing() => return Ok(()),
                Err(failure) => tries.after(failure).await?,
            }
        }
    }

    async fn list(&self, prefix: &str, is_stopped: &dyn Fn() -> bool) -> Result<Vec<String>, Failure> {
        let mut tries = self.tries(is_stopped);
        loop {
            let mut action = self.address.list_objects_v2(self.credentials());
            action.with_prefix(prefix);
            let url = action.sign(SIGNED_FOR);
            match self.exchange.ask_whole(Method::GET, url.as_str(), is_stopped).await {
                Err(failure) => tries.after(failure).await?,
                Ok(answer) => {
                    let listed = ListObjectsV2::parse_response(&answer.text)
                        .map_err(|_| Failure::Strange("its answer is no listing"))?;
                    if listed.next_continuation_token.is_some() {
                        return Err(Failure::Strange("there are more than 1,000 objects of one document"));
                    }
                    return Ok(listed.contents.into_iter().map(|content| content.key).collect());
                }
            }
        }
    }
}

impl RemoteBucket for Bucket {
    fn put(&self, name: &str, body: &RemoteBody<'_>) -> Result<()> {
        self.run("write to archive target", name, self.upload(name, body))
    }

    fn get(
        &self,
        name: &str,
        is_stopped: &dyn Fn() -> bool,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        self.run("read from archive target", name, self.download(name, is_stopped, take))
    }

    fn size(&self, name: &str, is_stopped: &dyn Fn() -> bool) -> Result<Option<u64>> {
        self.run("look into archive target", name, self.size_of(name, is_stopped))
    }

    fn names(&self, prefix: &str, is_stopped: &dyn Fn() -> bool) -> Result<Vec<String>> {
        self.run("list archive target", prefix, self.list(prefix, is_stopped))
    }

    fn remove(&self, name: &str, is_stopped: &dyn Fn() -> bool) -> Result<()> {
        self.run("remove from archive target", name, self.remove_all(name, is_stopped))
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // A name that is being looked up is not waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What has come of an object.
#[derive(Default)]
struct Come {
    bytes: u64,
    /// The ETag of what it came from.
    etag: Option<HeaderValue>,
}

impl Come {
    /// The headers that ask for the rest of the same object, and the status of an answer that has it.
    fn continuation(&self) -> Result<(HeaderMap, StatusCode), Failure> {
        if self.bytes == 0 {
            return Ok((HeaderMap::new(), StatusCode::OK));
        }
        let range = HeaderValue::try_from(format!("bytes={}-", self.bytes));
        let range = range.map_err(|error| Failure::Broken(error.into()))?;
        let etag = self.etag.clone().map(|etag| (header::IF_MATCH, etag));
        let headers = etag.into_iter().chain([(header::RANGE, range)]).collect();
        Ok((headers, StatusCode::PARTIAL_CONTENT))
    }
}
