//! `artstore bucket`.

use crate::administration::{BucketDocument, BucketSettingsRequest};
use crate::cli::{BucketCommand, BucketSettingsArguments, Table, terminal};
use crate::control::Owner;
use crate::error::Result;
use crate::settings::Settings;
use crate::timestamp::show_timestamp;

/// Lists buckets, or sets the default mode of one.
pub(crate) fn bucket(settings: &Settings, command: &BucketCommand) -> Result<()> {
    let mut owner = Owner::find(settings)?;
    let (buckets, output) = match command {
        BucketCommand::List(output) => (owner.buckets()?, *output),
        BucketCommand::Set(BucketSettingsArguments { name, default_mode, output }) => {
            let request = BucketSettingsRequest { name: name.clone(), default_mode: *default_mode };
            let bucket = owner.set_bucket(&request)?;
            owner.close()?;
            return if output.json {
                terminal::show_json(&bucket)
            } else {
                terminal::show(&table(&[bucket]))
            };
        }
    };
    owner.close()?;
    if output.json { terminal::show_json(&buckets) } else { terminal::show(&table(&buckets)) }
}

fn table(buckets: &[BucketDocument]) -> String {
    let mut table = Table::new(["NAME", "DEFAULT MODE", "VERSIONING", "CREATED", "OWNER"]);
    for bucket in buckets {
        table.push([
            bucket.name.to_string(),
            bucket.default_mode.to_string(),
            bucket.versioning.clone(),
            show_timestamp(bucket.created_ms),
            bucket.owner.clone(),
        ]);
    }
    table.to_text()
}
