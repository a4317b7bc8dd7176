//! `/api/batch`: up to a hundred files in one request. Each stands for itself: what one of them comes to changes nothing
//! about the others, and the answer tells of each in the order of the request.

use std::sync::Arc;

use auth::{Action, Resource};
use axum::Json;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use storage_engine::archive::object::Attributes;
use storage_engine::archive::put::{PutDetails, PutTarget, Stored};
use storage_engine::archive::{Archive, DeleteConditions};
use storage_engine::caller::Caller;
use storage_engine::digest::ClientDigests;
use storage_engine::name::{BucketName, ObjectKey, VersionId};
use storage_engine::{Error, ErrorKind};
use tokio::sync::mpsc;

use super::caller::{Answer, ApiCaller, Refusal, owner_of};
use super::router::ApiParts;
use crate::http::engine_status::of_engine;
use crate::http::{Problem, cross, rejected};

/// Most files of a batch.
const FILES_MAX: usize = 100;
/// Most bytes of all files of a batch together: 1 GiB.
pub(super) const BYTES_MAX: u64 = 1 << 30;
/// Longest body of a batch: its files, and what names them.
pub(super) const BODY_BYTES_MAX: usize = (BYTES_MAX as usize) + 1024 * 1024;
/// Longest body that names the files of a batch, in bytes: keys have up to 1,024, each escaped at the worst.
pub(super) const NAMES_BYTES_MAX: usize = 1024 * 1024;
/// Pieces of a file that may wait for the engine.
const PIECES_MAX: usize = 4;

/// Where the files of an upload go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    bucket: BucketName,
    /// The storage class, by its name in S3; that of the bucket's default mode where it is absent.
    class: Option<String>,
}

/// What is to be deleted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deletion {
    bucket: BucketName,
    files: Vec<NamedFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedFile {
    key: String,
    /// The version; the key itself where it is absent.
    #[serde(default)]
    version: Option<String>,
}

/// The answer: a result for each file.
#[derive(Serialize)]
struct Results {
    results: Vec<FileResult>,
    /// How many could not be done.
    failed: usize,
}

#[derive(Serialize)]
struct FileResult {
    key: String,
    /// As of an answer to this file alone.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    /// Why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// A piece of a file on its way to the engine.
enum Piece {
    Bytes(Bytes),
    /// It is whole: nothing is stored without.
    End,
}

/// Stores the files of a form (RFC 7578): the name of each is its key.
pub(super) async fn upload(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    target: Result<Query<Target>, QueryRejection>,
    form: Result<Multipart, MultipartRejection>,
) -> Answer {
    let Query(target) = target.map_err(|rejection| bad_request(&rejection.body_text()))?;
    let mut form = form.map_err(|rejection| bad_request(&rejection.body_text()))?;
    let owner = owner_of(&parts.health.archive, &target.bucket).await;
    let (mut results, mut left) = (Vec::new(), BYTES_MAX);
    loop {
        let field = match form.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => break,
            Err(error) if results.is_empty() => {
                return Err(Problem::of_status(error.status()).detail(error.body_text()).into());
            }
            Err(error) => {
                results.push(FileResult::failed(String::new(), error.status(), error.body_text()));
                break;
            }
        };
        let key = field.file_name().or_else(|| field.name()).unwrap_or_default().to_owned();
        if results.len() >= FILES_MAX {
            let detail =
                format!("a batch has at most {FILES_MAX} files: send it again with those that are left");
            results.push(FileResult::failed(key, StatusCode::PAYLOAD_TOO_LARGE, detail));
            break;
        }
        let resource =
            Resource::Object { bucket: target.bucket.as_str(), owner: owner.as_deref(), key: &key };
        if caller.may(Action::PutObject, &resource).is_err() {
            results.push(FileResult::denied(key));
            continue;
        }
        let stored = store(&parts.health.archive, &caller, &target, &key, field, &mut left).await;
        let is_cut = matches!(stored, Err(Unstored::Broken(..)));
        results.push(FileResult::of_stored(key, stored));
        // What follows in a form that broke is nobody's.
        if is_cut {
            break;
        }
    }
    Ok(answer(results))
}

/// Deletes files, or versions of them.
pub(super) async fn delete(
    State(parts): State<ApiParts>,
    caller: ApiCaller,
    body: Result<Json<Deletion>, JsonRejection>,
) -> Answer {
    let Json(Deletion { bucket, files }) = body.map_err(|rejection| rejected(&rejection))?;
    if files.len() > FILES_MAX {
        return Err(bad_request(&format!("a batch has at most {FILES_MAX} files")));
    }
    let owner = owner_of(&parts.health.archive, &bucket).await;
    let work = move || {
        let delete = |file: NamedFile| {
            let NamedFile { key, version } = &file;
            let resource = Resource::Object { bucket: bucket.as_str(), owner: owner.as_deref(), key };
            let action = if version.is_some() { Action::DeleteObjectVersion } else { Action::DeleteObject };
            match caller.may(action, &resource) {
                Ok(()) => {
                    delete_one(&parts.health.archive, &caller.asker.caller("DeleteObjects"), &bucket, file)
                }
                Err(_) => FileResult::denied(file.key),
            }
        };
        Ok(files.into_iter().map(delete).collect())
    };
    Ok(answer(cross(work).await.map_err(|problem| Refusal::from(*problem))?))
}

fn delete_one(archive: &Archive, caller: &Caller, bucket: &BucketName, file: NamedFile) -> FileResult {
    let deleted = ObjectKey::parse(&file.key).and_then(|key| {
        let version = file.version.as_deref().map(VersionId::parse).transpose()?;
        archive.delete(caller, bucket, &key, version, &DeleteConditions::default())
    });
    match deleted {
        Ok(deleted) => FileResult {
            version: deleted.version_id.map(|version| version.to_string()),
            ..FileResult::new(file.key, StatusCode::OK)
        },
        Err(error) => FileResult::refused(file.key, &error),
    }
}

/// Why a file was not stored.
enum Unstored {
    /// The engine refused it.
    Refused(Error),
    /// The form broke, or has too many bytes: nothing of it can be read any more.
    Broken(StatusCode, String),
}

/// Stores one file. A file that does not come to its end is not stored.
async fn store(
    archive: &Arc<Archive>,
    caller: &ApiCaller,
    target: &Target,
    key: &str,
    mut field: Field<'_>,
    left: &mut u64,
) -> Result<Stored, Unstored> {
    let key = ObjectKey::parse(key).map_err(Unstored::Refused)?;
    let target = PutTarget { bucket: target.bucket.clone(), key, class: target.class.clone(), length: None };
    let attributes =
        Attributes { content_type: field.content_type().map(str::to_owned), ..Attributes::default() };
    let owner = caller.principal.account().as_str().into();
    let details = PutDetails { attributes, owner, ..PutDetails::default() };
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    let (archive, asked) = (Arc::clone(archive), caller.asker.caller("PutObject"));
    let storing = tokio::task::spawn_blocking(move || put(&archive, &asked, target, details, receiver));
    let sent = send(&mut field, &sender, left).await;
    drop(sender);
    let stored = storing.await;
    sent?;
    let broke = |_| Unstored::Broken(StatusCode::INTERNAL_SERVER_ERROR, "the server broke".to_owned());
    stored.map_err(broke)?.map_err(Unstored::Refused)
}

/// Hands the bytes of a file over, piece by piece; those of one that the engine refused are passed over.
async fn send(field: &mut Field<'_>, sender: &mpsc::Sender<Piece>, left: &mut u64) -> Result<(), Unstored> {
    loop {
        let piece = field.chunk().await;
        let piece = piece.map_err(|error| Unstored::Broken(error.status(), error.body_text()))?;
        let Some(bytes) = piece else {
            sender.send(Piece::End).await.ok();
            return Ok(());
        };
        *left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            let detail = "a batch has at most 1 GiB: send it again with this file and those behind it";
            Unstored::Broken(StatusCode::PAYLOAD_TOO_LARGE, detail.to_owned())
        })?;
        sender.send(Piece::Bytes(bytes)).await.ok();
    }
}

/// Stores what comes. Blocking.
fn put(
    archive: &Archive,
    caller: &Caller,
    target: PutTarget,
    details: PutDetails,
    mut pieces: mpsc::Receiver<Piece>,
) -> storage_engine::Result<Stored> {
    let admission = archive.admit(target)?;
    let mut writer = archive.begin_body(&admission, &[])?;
    loop {
        match pieces.blocking_recv() {
            Some(Piece::Bytes(bytes)) => writer.write(&bytes)?,
            Some(Piece::End) => break,
            None => return Err(Error::new(ErrorKind::IncompleteBody, "store file")),
        }
    }
    archive.put(caller, admission, writer.finish(&ClientDigests::default())?, details)
}

impl FileResult {
    fn new(key: String, status: StatusCode) -> Self {
        Self { key, status: status.as_u16(), version: None, size: None, etag: None, detail: None }
    }

    fn failed(key: String, status: StatusCode, detail: String) -> Self {
        Self { detail: Some(detail), ..Self::new(key, status) }
    }

    fn denied(key: String) -> Self {
        Self::failed(key, StatusCode::FORBIDDEN, "the account may not do this".to_owned())
    }

    fn refused(key: String, error: &Error) -> Self {
        Self::failed(key, of_engine(error.kind()), error.to_string())
    }

    fn of_stored(key: String, stored: Result<Stored, Unstored>) -> Self {
        match stored {
            Ok(stored) => Self {
                version: stored.version_id.map(|version| version.to_string()),
                size: Some(stored.size),
                etag: Some(stored.etag),
                ..Self::new(key, StatusCode::CREATED)
            },
            Err(Unstored::Refused(error)) => Self::refused(key, &error),
            Err(Unstored::Broken(status, detail)) => Self::failed(key, status, detail),
        }
    }
}

fn answer(results: Vec<FileResult>) -> axum::response::Response {
    let failed = results.iter().filter(|result| result.detail.is_some()).count();
    Json(Results { results, failed }).into_response()
}

fn bad_request(detail: &str) -> Refusal {
    Problem::of_status(StatusCode::BAD_REQUEST).detail(detail).into()
}
