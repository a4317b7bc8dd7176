//! The environment, as it was when the program started.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::Setting;
use super::catalogue::CONFIG_VARIABLE;
use crate::error::{Error, ErrorKind, Result};

/// What our own variables begin with.
const PREFIX: &str = "ARTSTORE_";

/// A picture of the environment.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    variables: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// The environment of this process.
    pub(crate) fn of_process() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// A variable's text; one that is empty counts as not set.
    ///
    /// *Errors*: `InvalidSettings` where it is not UTF-8.
    pub(crate) fn text(&self, variable: &str) -> Result<Option<&str>> {
        let Some(value) = self.variables.get(std::ffi::OsStr::new(variable)) else {
            return Ok(None);
        };
        let text = value.to_str().ok_or_else(|| {
            Error::new(ErrorKind::InvalidSettings, "read environment variable")
                .about(variable)
                .because("its value is not UTF-8")
                .remedy(format_args!("set {variable} to UTF-8 text, or unset it"))
        })?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The first of a setting's variables that is set, with its text.
    pub(crate) fn setting(&self, setting: &Setting) -> Result<Option<(&'static str, &str)>> {
        for variable in setting.variables {
            if let Some(text) = self.text(variable)? {
                return Ok(Some((variable, text)));
            }
        }
        Ok(None)
    }

    /// Variables that look like ours and name no setting.
    ///
    /// They are no reason to stop: Kubernetes sets `ARTSTORE_PORT` and its like for a service of that name.
    pub(crate) fn unknown(&self) -> Vec<String> {
        let is_known = |name: &str| {
            name == CONFIG_VARIABLE || Setting::ALL.iter().any(|setting| setting.variables.contains(&name))
        };
        let names = self.variables.keys().filter_map(|name| name.to_str());
        names.filter(|name| name.starts_with(PREFIX) && !is_known(name)).map(str::to_owned).collect()
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self { variables: variables.into_iter().map(|(name, text)| (name.into(), text.into())).collect() }
    }
}
