//! Showing the rules, as they were set.

use std::sync::Arc;

use s3s::dto::{
    FilterRule, FilterRuleName, GetBucketNotificationConfigurationInput,
    GetBucketNotificationConfigurationOutput, LambdaFunctionConfiguration, NotificationConfigurationFilter,
    QueueConfiguration, S3KeyFilter, TopicConfiguration,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::notification::{NotificationRule, NotificationTarget};
use storage_engine::name::BucketName;

use super::rule::arn;
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::Answer;

/// Tells the rules of a bucket; of one that has none, nothing.
///
/// *Errors*: `NoSuchBucket`, `AccessDenied`.
pub(crate) async fn get(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<GetBucketNotificationConfigurationInput>,
) -> Answer<S3Response<GetBucketNotificationConfigurationOutput>> {
    let name = BucketName::parse(&request.input.bucket)?;
    let look = move || Ok(visit.enter(&name, None)?.archive().notification(&name)?);
    let rules = gateway.crossing.run(look).await?;
    let (mut topics, mut queues, mut functions) = (Vec::new(), Vec::new(), Vec::new());
    for rule in rules {
        let events = rule.events.iter().map(|event| event.clone().into()).collect();
        let (id, filter, arn) = (Some(rule.id.clone()), filter(&rule), arn(&rule.webhook));
        match rule.target {
            NotificationTarget::Topic => {
                topics.push(TopicConfiguration { events, filter, id, topic_arn: arn })
            }
            NotificationTarget::Queue => {
                queues.push(QueueConfiguration { events, filter, id, queue_arn: arn })
            }
            NotificationTarget::Function => {
                functions.push(LambdaFunctionConfiguration { events, filter, id, lambda_function_arn: arn });
            }
        }
    }
    Ok(S3Response::new(GetBucketNotificationConfigurationOutput {
        event_bridge_configuration: None,
        lambda_function_configurations: Some(functions).filter(|list| !list.is_empty()),
        queue_configurations: Some(queues).filter(|list| !list.is_empty()),
        topic_configurations: Some(topics).filter(|list| !list.is_empty()),
    }))
}

fn filter(rule: &NotificationRule) -> Option<NotificationConfigurationFilter> {
    let named = [(FilterRuleName::PREFIX, &rule.prefix), (FilterRuleName::SUFFIX, &rule.suffix)];
    let rules: Vec<FilterRule> = named
        .into_iter()
        .filter_map(|(name, value)| {
            let name = Some(FilterRuleName::from_static(name));
            Some(FilterRule { name, value: Some(value.clone()?) })
        })
        .collect();
    (!rules.is_empty())
        .then_some(NotificationConfigurationFilter { key: Some(S3KeyFilter { filter_rules: Some(rules) }) })
}
