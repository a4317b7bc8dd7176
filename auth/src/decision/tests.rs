use std::sync::Arc;

use super::*;
use crate::{Account, Accounts, MasterKey, NewAccount};

const FOREIGN: &str = "0199f0c0-0000-7000-8000-00000000000b";

/// Where an action is tried, in the order of the letters in a table row.
const PLACES: [&str; 3] = ["own", "foreign", "archive"];

/// What each role may do, role by role in the order ADMIN, USER, READONLY, AUDITOR. In each group the
/// letters stand for an own bucket, a foreign bucket and the archive: `y` allowed, `-` denied.
///
/// The rows are written out, not derived, so that the table is a second statement of the rules.
const TABLE: &str = "
    s3:ListAllMyBuckets                  yyy yyy yyy yyy
    s3:CreateBucket                      yyy yyy --- ---
    s3:DeleteBucket                      yyy y-- --- ---
    s3:ListBucket                        yyy y-- y-- ---
    s3:ListBucketVersions                yyy y-- y-- ---
    s3:ListBucketMultipartUploads        yyy y-- y-- ---
    s3:GetBucketLocation                 yyy y-- y-- y--
    s3:GetBucketVersioning               yyy y-- y-- y--
    s3:PutBucketVersioning               yyy y-- --- ---
    s3:GetBucketTagging                  yyy y-- y-- y--
    s3:PutBucketTagging                  yyy y-- --- ---
    s3:GetBucketPolicy                   yyy y-- y-- y--
    s3:GetBucketPolicyStatus             yyy y-- y-- y--
    s3:PutBucketPolicy                   yyy y-- --- ---
    s3:DeleteBucketPolicy                yyy y-- --- ---
    s3:GetBucketCORS                     yyy y-- y-- y--
    s3:PutBucketCORS                     yyy y-- --- ---
    s3:GetLifecycleConfiguration         yyy y-- y-- y--
    s3:PutLifecycleConfiguration         yyy y-- --- ---
    s3:GetBucketObjectLockConfiguration  yyy y-- y-- y--
    s3:PutBucketObjectLockConfiguration  yyy y-- --- ---
    s3:GetBucketNotification             yyy y-- y-- y--
    s3:PutBucketNotification             yyy y-- --- ---
    s3:GetBucketAcl                      yyy y-- y-- y--
    s3:PutBucketAcl                      yyy y-- --- ---
    s3:GetEncryptionConfiguration        yyy y-- y-- y--
    s3:PutEncryptionConfiguration        yyy y-- --- ---
    s3:GetObject                         yyy y-- y-- ---
    s3:GetObjectVersion                  yyy y-- y-- ---
    s3:GetObjectAttributes               yyy y-- y-- ---
    s3:GetObjectVersionAttributes        yyy y-- y-- ---
    s3:PutObject                         yyy y-- --- ---
    s3:DeleteObject                      yyy y-- --- ---
    s3:DeleteObjectVersion               yyy y-- --- ---
    s3:AbortMultipartUpload              yyy y-- --- ---
    s3:ListMultipartUploadParts          yyy y-- y-- ---
    s3:GetObjectTagging                  yyy y-- y-- ---
    s3:GetObjectVersionTagging           yyy y-- y-- ---
    s3:PutObjectTagging                  yyy y-- --- ---
    s3:PutObjectVersionTagging           yyy y-- --- ---
    s3:DeleteObjectTagging               yyy y-- --- ---
    s3:DeleteObjectVersionTagging        yyy y-- --- ---
    s3:GetObjectAcl                      yyy y-- y-- ---
    s3:PutObjectAcl                      yyy y-- --- ---
    s3:GetObjectRetention                yyy y-- y-- ---
    s3:PutObjectRetention                yyy y-- --- ---
    s3:GetObjectLegalHold                yyy y-- y-- ---
    s3:PutObjectLegalHold                yyy y-- --- ---
    s3:BypassGovernanceRetention         yyy y-- --- ---
    s3:RestoreObject                     yyy y-- --- ---
    artstore:ReadElements                yyy --- --- yyy
    artstore:ManageElements              yyy --- --- ---
    artstore:ManageAccounts              yyy --- --- ---
    artstore:ManageIndex                 yyy --- --- ---
    artstore:ReadHealthDetail            yyy --- --- yyy
";

fn principal(role: Role) -> Principal {
    let accounts = Accounts::load(MasterKey::generate().unwrap(), []).unwrap();
    let new = NewAccount {
        name: "someone".parse().unwrap(),
        role,
        description: String::new(),
        client_id: None,
        client_secret: None,
        is_system: false,
    };
    let account: Arc<Account> = Arc::clone(&accounts.create(new, 0).unwrap().account);
    Principal::authenticated(account).unwrap()
}

/// The resources of one place; the decision must be the same on each.
fn resources<'a>(place: &str, own: &'a str) -> Vec<Resource<'a>> {
    let owners: &[Option<&'a str>] = match place {
        "own" => &[Some(own)],
        "foreign" => &[Some(FOREIGN), Some(""), None],
        _ => return vec![Resource::Archive],
    };
    let bucket = owners.iter().map(|owner| Resource::Bucket { name: "b", owner: *owner });
    let object = owners.iter().map(|owner| Resource::Object { bucket: "b", owner: *owner, key: "k" });
    bucket.chain(object).collect()
}

fn check(principal: &Principal, action: Action, place: &str, is_allowed: bool) {
    for resource in resources(place, principal.account().as_str()) {
        let decision = decide(principal, action, &resource);
        assert_eq!(decision.is_allowed(), is_allowed, "{} {action} {resource:?}", principal.role());
    }
}

#[test]
fn every_role_may_do_what_the_table_says_and_nothing_else() {
    let rows: Vec<Vec<&str>> = TABLE
        .lines()
        .map(|row| row.split_whitespace().collect())
        .filter(|row: &Vec<_>| !row.is_empty())
        .collect();
    let named: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    let actions: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    assert_eq!(named, actions, "each action has its row, in order");

    for (position, role) in Role::ALL.into_iter().enumerate() {
        let principal = principal(role);
        for (row, action) in rows.iter().zip(Action::ALL) {
            for (place, letter) in PLACES.iter().zip(row[position + 1].chars()) {
                check(&principal, *action, place, letter == 'y');
            }
        }
    }
}

#[test]
fn the_reason_tells_role_from_ownership() {
    let own = principal(Role::Readonly);
    let foreign = Resource::Object { bucket: "b", owner: Some(FOREIGN), key: "k" };
    assert_eq!(decide(&own, Action::GetObject, &foreign), Decision::Deny(Denial::NotOwner));
    assert_eq!(decide(&own, Action::PutObject, &foreign), Decision::Deny(Denial::RoleForbids));
}

#[test]
fn an_account_is_not_the_owner_by_its_name_or_client_id() {
    let user = principal(Role::User);
    let by_name = Resource::Bucket { name: "b", owner: Some("someone") };
    assert_eq!(decide(&user, Action::ListBucket, &by_name), Decision::Deny(Denial::NotOwner));
}
