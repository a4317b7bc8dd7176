//! One authenticated request, and the decision that lets it into the archive.

use std::sync::Arc;

use auth::{Accounts, Action, Principal, Resource, decide};
use s3s::dto::Owner;
use storage_engine::Archive;
use storage_engine::archive::bucket::{Bucket, Versioning};
use storage_engine::caller::{Caller, Door};
use storage_engine::lifecycle::Lifecycle;
use storage_engine::name::{BucketName, ObjectKey};

use crate::crossing::Crossing;
use crate::operations::Operation;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::RequestContext;

/// The archive and the accounts behind this door. The archive is private to this file.
pub(crate) struct Entrance {
    archive: Arc<Archive>,
    accounts: Arc<Accounts>,
}

impl Entrance {
    pub(crate) fn new(archive: Arc<Archive>, accounts: Arc<Accounts>) -> Self {
        Self { archive, accounts }
    }

    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }
}

/// A request whose signature has been verified.
pub(crate) struct Visit {
    entrance: Arc<Entrance>,
    context: Arc<RequestContext>,
    principal: Principal,
    operation: Operation,
}

/// Leave to do one operation: the archive, and the bucket as the decision saw it.
#[derive(Clone)]
pub(crate) struct Entered {
    visit: Arc<Visit>,
}

impl Visit {
    pub(crate) fn new(
        entrance: Arc<Entrance>,
        context: Arc<RequestContext>,
        principal: Principal,
        operation: Operation,
    ) -> Self {
        Self { entrance, context, principal, operation }
    }

    /// What is known of the request.
    pub(crate) fn context(&self) -> &Arc<RequestContext> {
        &self.context
    }

    /// The id of the account that asks.
    pub(crate) fn account(&self) -> Arc<str> {
        self.principal.account().as_str().into()
    }

    /// Who asks, for the engine's log.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            account: self.account(),
            account_name: self.principal.name().as_str().into(),
            door: Door::S3,
            address: self.context.peer,
            request_id: Arc::clone(&self.context.request_id),
            operation: self.operation.name,
        }
    }

    /// An account as answers show an owner.
    pub(crate) fn owner(&self, account: &str) -> Owner {
        let known = self.entrance.accounts.by_id(account);
        let name = known.map_or_else(|| account.to_owned(), |known| known.name.as_str().to_owned());
        Owner { display_name: Some(name), id: Some(account.to_owned()) }
    }

    /// Lets the request in to a bucket and what it holds. Blocking.
    ///
    /// *Errors*: `NoSuchBucket`, `AccessDenied`, those of [`Archive::bucket`].
    pub(crate) fn enter(self: &Arc<Self>, bucket: &BucketName, key: Option<&ObjectKey>) -> Answer<Entered> {
        let expected = self.context.expected_bucket_owner.as_deref();
        self.enter_for(self.operation.action, bucket, key, expected)
    }

    /// Lets the request in where that can be decided without waiting for a lock; `None` where it cannot, or
    /// where [`Self::enter`] refuses.
    pub(crate) fn enter_at_once(
        self: &Arc<Self>,
        bucket: &BucketName,
        key: Option<&ObjectKey>,
    ) -> Option<Entered> {
        let found = self.entrance.archive.bucket_at_once(bucket)?;
        let expected = self.context.expected_bucket_owner.as_deref();
        self.enter_found(self.operation.action, &found, key, expected).ok()
    }

    /// The lifecycle of a bucket that the request was let in to; none where the bucket went meanwhile.
    pub(crate) async fn lifecycle(&self, crossing: &Crossing, bucket: &BucketName) -> Option<Arc<Lifecycle>> {
        if let Some(known) = self.entrance.archive.lifecycle_at_once(bucket) {
            return known;
        }
        let (archive, bucket) = (Arc::clone(&self.entrance.archive), bucket.clone());
        crossing.run(move || Ok(archive.bucket(&bucket)?.lifecycle)).await.ok().flatten()
    }

    /// Lets the request read an object that it copies from, whose bucket `expected_owner` must own where one
    /// is named. Blocking.
    ///
    /// *Errors*: those of [`Self::enter`].
    pub(crate) fn enter_source(
        self: &Arc<Self>,
        bucket: &BucketName,
        key: &ObjectKey,
        expected_owner: Option<&str>,
    ) -> Answer<Entered> {
        self.enter_for(Action::GetObject, bucket, Some(key), expected_owner)
    }

    fn enter_for(
        self: &Arc<Self>,
        action: Action,
        bucket: &BucketName,
        key: Option<&ObjectKey>,
        expected: Option<&str>,
    ) -> Answer<Entered> {
        let found = self.entrance.archive.bucket(bucket)?;
        self.enter_found(action, &found, key, expected)
    }

    fn enter_found(
        self: &Arc<Self>,
        action: Action,
        found: &Bucket,
        key: Option<&ObjectKey>,
        expected: Option<&str>,
    ) -> Answer<Entered> {
        if expected.is_some_and(|expected| *expected != *found.owner) {
            return Err(Refusal::new(Code::AccessDenied));
        }
        let (name, owner) = (found.name.as_str(), Some(&*found.owner));
        let resource = match key {
            Some(key) => Resource::Object { bucket: name, owner, key: key.as_str() },
            None => Resource::Bucket { name, owner },
        };
        self.decide(action, &resource)
    }

    /// Lets the request in to a bucket that need not exist: only to create it. Blocking.
    ///
    /// *Errors*: `AccessDenied`.
    pub(crate) fn enter_to_create(self: &Arc<Self>, bucket: &BucketName) -> Answer<Entered> {
        self.decide(Action::CreateBucket, &Resource::Bucket { name: bucket.as_str(), owner: None })
    }

    /// Lets the request see the list of buckets: those that it may know of, in the order of their names.
    /// Blocking.
    ///
    /// *Errors*: `AccessDenied`.
    pub(crate) fn visible_buckets(self: &Arc<Self>) -> Answer<Vec<Bucket>> {
        let entered = self.decide(Action::ListAllMyBuckets, &Resource::Archive)?;
        let mut buckets = entered.archive().buckets();
        buckets.retain(|bucket| {
            let resource = Resource::Bucket { name: bucket.name.as_str(), owner: Some(&bucket.owner) };
            decide(&self.principal, Action::GetBucketLocation, &resource).is_allowed()
        });
        Ok(buckets)
    }

    fn decide(self: &Arc<Self>, action: Action, resource: &Resource<'_>) -> Answer<Entered> {
        if decide(&self.principal, action, resource).is_allowed() {
            return Ok(Entered { visit: Arc::clone(self) });
        }
        Err(Refusal::new(Code::AccessDenied))
    }
}

impl Entered {
    /// The archive.
    pub(crate) fn archive(&self) -> &Archive {
        &self.visit.entrance.archive
    }

    /// Who asks, for the engine's log.
    pub(crate) fn caller(&self) -> Caller {
        self.visit.caller()
    }

    /// Whether a bucket keeps every version. Blocking.
    pub(crate) fn is_versioned(&self, bucket: &BucketName) -> Answer<bool> {
        Ok(self.archive().bucket(bucket)?.versioning == Versioning::Enabled)
    }
}
