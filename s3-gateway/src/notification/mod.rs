//! The notification configuration of a bucket (API pages "GetBucketNotificationConfiguration" and
//! "PutBucketNotificationConfiguration"). Receivers are webhooks, named `arn:artstore:webhook:::<id>`.

mod get;
mod overlap;
mod put;
mod rule;

pub(crate) use get::get;
pub(crate) use put::put;
