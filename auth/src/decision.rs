//! Whether a principal may do something: one function behind every door.
//!
//! It owns the rules of the roles. It does not know modes, locks or retention (the engine refuses those to
//! everybody), nor grants and bucket policies, which do not exist yet: until they do, an account that is not
//! ADMIN reaches only its own buckets.
//!
//! | role | own bucket | foreign bucket | archive |
//! |---|---|---|---|
//! | ADMIN | everything | everything | everything |
//! | USER | everything | nothing | lists and creates buckets |
//! | READONLY | reads | nothing | lists buckets |
//! | AUDITOR | reads configuration | nothing | lists buckets, reads elements and health |
//!
//! Invariants: what no rule allows is denied; an action without a place in [`demand`] does not compile.

use std::fmt;

use crate::{Action, Principal, Resource, Role};

/// Whether it may be done.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Allow,
    /// It may not, and why.
    Deny(Denial),
}

/// Why something is denied. For audit records and logs; a door tells its client no more than "denied".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Denial {
    /// The role does not include the action, on whatever it is done to.
    RoleForbids,
    /// The role includes the action on own buckets, and this is not one.
    NotOwner,
}

/// What an action demands of a role.
#[derive(Clone, Copy)]
enum Demand {
    /// To list buckets, each then shown or not by its own decision.
    ListBuckets,
    /// To create a bucket.
    CreateBucket,
    /// To read how a bucket is set up.
    ReadConfiguration,
    /// To read keys, objects and what hangs on them.
    ReadObjects,
    /// To change a bucket, its configuration or its objects.
    Change,
    /// To read how the archive is set up and whether it is well.
    Inspect,
    /// To change how the archive is set up, or who may enter.
    Administer,
}

/// Decides whether `principal` may do `action` to `resource`.
///
/// An operation with two resources, as a copy, needs two decisions. A list shows an item only where the
/// decision on the item allows it.
pub fn decide(principal: &Principal, action: Action, resource: &Resource<'_>) -> Decision {
    let role = principal.role();
    match allowance(role, demand(action)) {
        Allowance::Everywhere => Decision::Allow,
        Allowance::Nowhere => Decision::Deny(Denial::RoleForbids),
        Allowance::OwnBuckets if resource.owner() == Some(principal.account().as_str()) => Decision::Allow,
        Allowance::OwnBuckets => Decision::Deny(Denial::NotOwner),
    }
}

/// How far a role meets a demand.
enum Allowance {
    Everywhere,
    OwnBuckets,
    Nowhere,
}

fn allowance(role: Role, demand: Demand) -> Allowance {
    match (role, demand) {
        (Role::Admin, _) => Allowance::Everywhere,

        (Role::User, Demand::ListBuckets | Demand::CreateBucket) => Allowance::Everywhere,
        (Role::User, Demand::ReadConfiguration | Demand::ReadObjects | Demand::Change) => {
            Allowance::OwnBuckets
        }
        (Role::User, Demand::Inspect | Demand::Administer) => Allowance::Nowhere,

        (Role::Readonly, Demand::ListBuckets) => Allowance::Everywhere,
        (Role::Readonly, Demand::ReadConfiguration | Demand::ReadObjects) => Allowance::OwnBuckets,
        (Role::Readonly, Demand::CreateBucket | Demand::Change | Demand::Inspect | Demand::Administer) => {
            Allowance::Nowhere
        }

        (Role::Auditor, Demand::ListBuckets | Demand::Inspect) => Allowance::Everywhere,
        (Role::Auditor, Demand::ReadConfiguration) => Allowance::OwnBuckets,
        (Role::Auditor, Demand::CreateBucket | Demand::ReadObjects | Demand::Change | Demand::Administer) => {
            Allowance::Nowhere
        }
    }
}

fn demand(action: Action) -> Demand {
    match action {
        Action::ListAllMyBuckets => Demand::ListBuckets,
        Action::CreateBucket => Demand::CreateBucket,

        Action::GetBucketLocation
        | Action::GetBucketVersioning
        | Action::GetBucketTagging
        | Action::GetBucketPolicy
        | Action::GetBucketPolicyStatus
        | Action::GetBucketCors
        | Action::GetLifecycleConfiguration
        | Action::GetBucketObjectLockConfiguration
        | Action::GetBucketNotification
        | Action::GetBucketAcl
        | Action::GetEncryptionConfiguration => Demand::ReadConfiguration,

        Action::ListBucket
        | Action::ListBucketVersions
        | Action::ListBucketMultipartUploads
        | Action::ListMultipartUploadParts
        | Action::GetObject
        | Action::GetObjectVersion
        | Action::GetObjectAttributes
        | Action::GetObjectVersionAttributes
        | Action::GetObjectTagging
        | Action::GetObjectVersionTagging
        | Action::GetObjectAcl
        | Action::GetObjectRetention
        | Action::GetObjectLegalHold => Demand::ReadObjects,

        Action::DeleteBucket
        | Action::PutBucketVersioning
        | Action::PutBucketTagging
        | Action::PutBucketPolicy
        | Action::DeleteBucketPolicy
        | Action::PutBucketCors
        | Action::PutLifecycleConfiguration
        | Action::PutBucketObjectLockConfiguration
        | Action::PutBucketNotification
        | Action::PutBucketAcl
        | Action::PutEncryptionConfiguration
        | Action::PutObject
        | Action::DeleteObject
        | Action::DeleteObjectVersion
        | Action::AbortMultipartUpload
        | Action::PutObjectTagging
        | Action::PutObjectVersionTagging
        | Action::DeleteObjectTagging
        | Action::DeleteObjectVersionTagging
        | Action::PutObjectAcl
        | Action::PutObjectRetention
        | Action::PutObjectLegalHold
        | Action::BypassGovernanceRetention
        | Action::RestoreObject => Demand::Change,

        Action::ReadElements | Action::ReadHealthDetail => Demand::Inspect,
        Action::ManageElements | Action::ManageAccounts | Action::ManageIndex => Demand::Administer,
    }
}

impl Decision {
    /// Whether it may be done.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Self::Allow
    }
}

impl Denial {
    /// The word for audit records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoleForbids => "role-forbids",
            Self::NotOwner => "not-owner",
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
