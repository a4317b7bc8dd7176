//! What a form may say (user guide, "Creating a POST policy").

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::fields::Fields;
use crate::refusal::{Answer, Code, Refusal};

/// Fields that a policy need not name: they are what proves it, or say nothing.
const UNNAMED: [&str; 3] = ["x-amz-signature", "policy", "bucket"];

/// A policy, as the form brought it: its signature is verified elsewhere.
#[derive(Debug)]
pub(super) struct Policy {
    expires: OffsetDateTime,
    conditions: Vec<Condition>,
    lengths: Option<RangeInclusive<u64>>,
}

#[derive(Debug)]
struct Condition {
    /// The field, in lower case.
    field: String,
    rule: Rule,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Equal,
    StartsWith,
}

impl Policy {
    /// Reads a policy in base64.
    ///
    /// *Errors*: `InvalidPolicyDocument`, saying what is wrong.
    pub(super) fn parse(text: &str) -> Answer<Self> {
        let json = STANDARD.decode(text.trim()).map_err(|_| invalid("it is not base64"))?;
        let document: Value = serde_json::from_slice(&json).map_err(|_| invalid("it is not JSON"))?;
        let expires = document.get("expiration").and_then(Value::as_str);
        let expires = expires.ok_or_else(|| invalid("it has no expiration"))?;
        let expires = OffsetDateTime::parse(expires, &Rfc3339)
            .map_err(|_| invalid("its expiration is no time such as 2030-01-01T12:00:00.000Z"))?;
        let conditions = document.get("conditions").and_then(Value::as_array);
        let conditions = conditions.ok_or_else(|| invalid("it has no list of conditions"))?;
        let mut policy = Self { expires, conditions: Vec::new(), lengths: None };
        for condition in conditions {
            policy.add(condition)?;
        }
        Ok(policy)
    }

    fn add(&mut self, condition: &Value) -> Answer<()> {
        match condition {
            Value::Object(members) => {
                for (field, value) in members {
                    let value =
                        value.as_str().ok_or_else(|| invalid("the value of a condition is a text"))?;
                    self.require(field, Rule::Equal, value);
                }
                Ok(())
            }
            Value::Array(parts) => self.add_rule(parts),
            _ => Err(invalid("a condition is an object or a list")),
        }
    }

    fn add_rule(&mut self, parts: &[Value]) -> Answer<()> {
        let [rule, first, second] = parts else {
            return Err(invalid("a condition that is a list has three parts"));
        };
        let rule = rule.as_str().unwrap_or_default().to_ascii_lowercase();
        if rule == "content-length-range" {
            let (min, max) = (length(first)?, length(second)?);
            self.lengths = Some(min..=max);
            return Ok(());
        }
        let rule = match rule.as_str() {
            "eq" => Rule::Equal,
            "starts-with" => Rule::StartsWith,
            _ => return Err(invalid("a condition is eq, starts-with or content-length-range")),
        };
        let field = first.as_str().and_then(|field| field.strip_prefix('$'));
        let (Some(field), Some(value)) = (field, second.as_str()) else {
            return Err(invalid("eq and starts-with take a $field and a text"));
        };
        self.require(field, rule, value);
        Ok(())
    }

    fn require(&mut self, field: &str, rule: Rule, value: &str) {
        self.conditions.push(Condition { field: field.to_ascii_lowercase(), rule, value: value.to_owned() });
    }

    /// The lengths that a file may have, in bytes.
    pub(super) fn lengths(&self) -> Option<RangeInclusive<u64>> {
        self.lengths.clone()
    }

    /// Decides whether a form sent to `bucket` says what it may, at `now`.
    ///
    /// *Errors*: `AccessDenied`, naming the condition that does not hold or the field that none names.
    pub(super) fn check(&self, fields: &Fields, bucket: &str, now: OffsetDateTime) -> Answer<()> {
        if now >= self.expires {
            return Err(denied("Policy expired."));
        }
        // The bucket is where the form is sent to; a field that says another would be a trap.
        if fields.get("bucket").is_some_and(|named| named != bucket) {
            return Err(denied("the field bucket is not the bucket of the request."));
        }
        let value_of = |field: &str| if field == "bucket" { Some(bucket) } else { fields.get(field) };
        for condition in &self.conditions {
            let value = value_of(&condition.field);
            if !value.is_some_and(|value| condition.holds(value)) {
                return Err(denied(&format!("Policy Condition failed: {}", condition.text())));
            }
        }
        let is_named = |field: &str| self.conditions.iter().any(|condition| condition.field == field);
        let unnamed = fields
            .iter()
            .map(|(name, _)| name)
            .find(|name| !UNNAMED.contains(name) && !name.starts_with("x-ignore-") && !is_named(name));
        match unnamed {
            None => Ok(()),
            Some(field) => Err(denied(&format!("Extra input fields: {field}"))),
        }
    }
}

impl Condition {
    fn holds(&self, value: &str) -> bool {
        match self.rule {
            Rule::Equal => value == self.value,
            // Several types, joined by commas, must each begin so.
            Rule::StartsWith if self.field == "content-type" => {
                value.split(',').all(|part| part.trim().starts_with(&self.value))
            }
            Rule::StartsWith => value.starts_with(&self.value),
        }
    }

    fn text(&self) -> String {
        let rule = match self.rule {
            Rule::Equal => "eq",
            Rule::StartsWith => "starts-with",
        };
        format!("[\"{rule}\", \"${}\", \"{}\"]", self.field, self.value)
    }
}

/// A length, as a number or as its text.
fn length(value: &Value) -> Answer<u64> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    number.ok_or_else(|| invalid("content-length-range takes two numbers of bytes"))
}

fn invalid(rule: &'static str) -> Refusal {
    Refusal::because(Code::InvalidPolicyDocument, format!("Invalid Policy: {rule}"))
}

fn denied(reason: &str) -> Refusal {
    Refusal::because(Code::AccessDenied, format!("Invalid according to Policy: {reason}"))
}
