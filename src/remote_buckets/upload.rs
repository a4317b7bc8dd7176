//! Sending bytes: small objects in one request, large ones in parts.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use http_body_util::channel::Sender;
use rusty_s3::S3Action as _;
use rusty_s3::actions::{CompleteMultipartUpload, CreateMultipartUpload, UploadPart};
use storage_engine::target::RemoteBody;
use storage_engine::{Error, ErrorKind};

use super::bucket::{Bucket, SIGNED_FOR};
use super::exchange::within;
use super::failure::Failure;
use super::tries::Tries;

/// Size of a part, in bytes; an object of more is sent in parts.
pub(super) const PART_BYTES: u64 = 128 * 1024 * 1024;
/// Most parts of an object (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const PARTS_MAX: u64 = 10_000;
/// How long the end of an upload that failed may take.
const ABORT_MAX: Duration = Duration::from_secs(5);

/// A span of a body.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    length: u64,
}

impl Bucket {
    /// Stores an object.
    pub(super) async fn upload(&self, name: &str, body: &RemoteBody<'_>) -> Result<(), Failure> {
        if body.size > self.part_bytes {
            return self.upload_in_parts(name, body).await;
        }
        let mut tries = self.tries(body.is_stopped);
        let whole = Span { start: 0, length: body.size };
        loop {
            let url = self.address.put_object(self.credentials(), name).sign(SIGNED_FOR);
            match self.send(url.as_str(), whole, body).await {
                Err(failure) => tries.after(failure).await?,
                Ok(_) => return Ok(()),
            }
        }
    }

    async fn upload_in_parts(&self, name: &str, body: &RemoteBody<'_>) -> Result<(), Failure> {
        let upload = self.create_upload(name, body.is_stopped).await?;
        let done = async {
            let etags = self.send_parts(name, &upload, body).await?;
            self.complete(name, &upload, &etags, body).await
        };
        let done = done.await;
        if done.is_err() {
            let url = self.address.abort_multipart_upload(self.credentials(), name, &upload).sign(SIGNED_FOR);
            let abort = self.exchange.ask_whole(Method::DELETE, url.as_str(), &|| false);
            // Parts that stay for all that are the bucket's to clear away, by a lifecycle rule.
            drop(within(ABORT_MAX, &|| false, abort).await);
        }
        done
    }

    async fn create_upload(&self, name: &str, is_stopped: &dyn Fn() -> bool) -> Result<String, Failure> {
        let mut tries = self.tries(is_stopped);
        loop {
            let url = self.address.create_multipart_upload(self.credentials(), name).sign(SIGNED_FOR);
            match self.exchange.ask_whole(Method::POST, url.as_str(), is_stopped).await {
                Err(failure) => tries.after(failure).await?,
                Ok(answer) => {
                    let created = CreateMultipartUpload::parse_response(&answer.text)
                        .map_err(|_| Failure::Strange("its answer names no upload"))?;
                    return Ok(created.upload_id().to_owned());
                }
            }
        }
    }

    /// Sends every part; answers with their ETags in order.
    async fn send_parts(
        &self,
        name: &str,
        upload: &str,
        body: &RemoteBody<'_>,
    ) -> Result<Vec<String>, Failure> {
        let part_bytes = self.part_bytes.max(body.size.div_ceil(PARTS_MAX));
        let (mut etags, mut start) = (Vec::new(), 0);
        for number in 1..=u16::MAX {
            if start == body.size {
                break;
            }
            let span = Span { start, length: part_bytes.min(body.size - start) };
            let mut tries = self.tries(body.is_stopped);
            let answer = loop {
                let action = UploadPart::new(&self.address, self.credentials(), name, number, upload);
                match self.send(action.sign(SIGNED_FOR).as_str(), span, body).await {
                    Err(failure) => tries.after(failure).await?,
                    Ok(answer) => break answer,
                }
            };
            let etag = answer.headers.get(header::ETAG).and_then(|etag| etag.to_str().ok());
            etags.push(etag.ok_or(Failure::Strange("its answer to a part has no ETag"))?.to_owned());
            start += span.length;
        }
        Ok(etags)
    }

    async fn complete(
        &self,
        name: &str,
        upload: &str,
        etags: &[String],
        body: &RemoteBody<'_>,
    ) -> Result<(), Failure> {
        let action = || {
            let etags = etags.iter().map(String::as_str);
            CompleteMultipartUpload::new(&self.address, self.credentials(), name, upload, etags)
        };
        let mut tries = self.tries(body.is_stopped);
        loop {
            let (url, parts) = (action().sign(SIGNED_FOR), Bytes::from(action().body()));
            let failure = match self.exchange.post(url.as_str(), parts, body.is_stopped).await {
                Ok(_) => return Ok(()),
                Err(failure) => failure,
            };
            // The answer to the try before may have been lost.
            let is_over =
                matches!(&failure, Failure::Refused(refusal) if refusal.status == StatusCode::NOT_FOUND);
            if is_over && tries.is_repeated() && self.size_of(name, body.is_stopped).await? == Some(body.size)
            {
                return Ok(());
            }
            tries.after(failure).await?;
        }
    }

    /// Puts a span of a body.
    async fn send(
        &self,
        url: &str,
        span: Span,
        body: &RemoteBody<'_>,
    ) -> Result<super::exchange::Answer, Failure> {
        let feed = async |sender| self.feed(sender, span, body).await;
        self.exchange.put(url, span.length, body.is_stopped, feed).await
    }

    async fn feed(
        &self,
        mut sender: Sender<Bytes, Infallible>,
        span: Span,
        body: &RemoteBody<'_>,
    ) -> Result<(), Failure> {
        let (mut at, end) = (span.start, span.start + span.length);
        while at < end {
            let mut piece = (body.read)(at).map_err(Failure::Here)?;
            if piece.is_empty() {
                return Err(Failure::Here(
                    Error::new(ErrorKind::Corrupt, "send to archive target")
                        .because(format_args!("there are {at} bytes and should be {}", body.size)),
                ));
            }
            piece.truncate(usize::try_from(end - at).unwrap_or(usize::MAX));
            at += piece.len() as u64;
            let sent = within(self.exchange.limits.stall, body.is_stopped, sender.send_data(piece)).await?;
            if sent.is_err() {
                // The connection is gone; the answer says why.
                return Ok(());
            }
        }
        Ok(())
    }

    pub(super) fn tries<'a>(&self, is_stopped: &'a dyn Fn() -> bool) -> Tries<'a> {
        Tries::new(self.exchange.limits.first_wait, is_stopped)
    }
}
