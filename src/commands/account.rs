//! `artstore account`.

use crate::administration::{AccountDocument, NewAccountRequest};
use crate::cli::{AccountCommand, NewAccountArguments, Table, terminal};
use crate::control::Owner;
use crate::error::Result;
use crate::settings::Settings;

/// Lists accounts or creates one.
pub(crate) fn account(settings: &Settings, command: &AccountCommand) -> Result<()> {
    match command {
        AccountCommand::List(output) => {
            let mut owner = Owner::find(settings)?;
            let accounts = owner.accounts()?;
            owner.close()?;
            if output.json { terminal::show_json(&accounts) } else { terminal::show(&table(&accounts)) }
        }
        AccountCommand::Create(new) => create(settings, new),
    }
}

fn create(settings: &Settings, new: &NewAccountArguments) -> Result<()> {
    let request =
        NewAccountRequest { name: new.name.clone(), role: new.role, description: new.description.clone() };
    let mut owner = Owner::find(settings)?;
    let created = owner.create_account(request)?;
    owner.close()?;
    if new.output.json {
        return terminal::show_json(&created);
    }
    terminal::show(&format!(
        "Made account {} with role {}\n\n  client id, S3 access key      {}\n  client secret, S3 secret key  {}\n\n\
         The secret is not shown again.\n",
        created.name, created.role, created.client_id, created.client_secret
    ))
}

pub(super) fn table(accounts: &[AccountDocument]) -> String {
    let mut table = Table::new(["NAME", "ROLE", "CLIENT ID", "STATE", "DESCRIPTION"]);
    for account in accounts {
        let state = if account.disabled { "disabled" } else { "active" };
        table.push([
            account.name.clone(),
            account.role.to_string(),
            account.client_id.clone(),
            state.to_owned(),
            account.description.clone(),
        ]);
    }
    table.to_text()
}
