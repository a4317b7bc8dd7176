//! Setting the rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use s3s::dto::{
    Event, NotificationConfiguration, PutBucketNotificationConfigurationInput,
    PutBucketNotificationConfigurationOutput,
};
use s3s::{S3Request, S3Response};
use storage_engine::archive::notification::{NotificationRule, NotificationTarget, RULES_MAX};
use storage_engine::name::BucketName;
use storage_engine::outbox::{EventKind, Occurrence};

use super::overlap::overlap;
use super::rule::{Sent, invalid};
use crate::access::Visit;
use crate::dispatch::Gateway;
use crate::refusal::{Answer, Code, Refusal};

/// Sets the rules of a bucket, and tries their receivers with an `s3:TestEvent` unless the client asks not to.
///
/// *Durability*: an answer without an error means that the rules survive a power cut.
///
/// *Errors*: `InvalidArgument` for an event that S3 does not know, rules that overlap, or an ARN that names no
/// webhook of the account that owns the bucket; `NotImplemented` for EventBridge.
pub(crate) async fn put(
    gateway: &Gateway,
    visit: Arc<Visit>,
    request: S3Request<PutBucketNotificationConfigurationInput>,
) -> Answer<S3Response<PutBucketNotificationConfigurationOutput>> {
    let input = request.input;
    let name = BucketName::parse(&input.bucket)?;
    let rules = checked(input.notification_configuration)?;
    let is_tried = !input.skip_destination_validation.unwrap_or_default();
    let owner_of = gateway.webhooks.clone();
    let work = move || {
        let entered = visit.enter(&name, None)?;
        let owner = entered.archive().bucket(&name)?.owner;
        if rules.iter().any(|rule| owner_of.of(&rule.webhook).as_deref() != Some(&*owner)) {
            return Err(invalid("Unable to validate the following destination configurations"));
        }
        let is_told = is_tried && !rules.is_empty();
        entered.archive().set_notification(&entered.caller(), &name, rules)?;
        if is_told {
            let kind = EventKind::Test;
            entered.archive().emit(&entered.caller(), Occurrence::of_bucket(kind, name.clone()))?;
        }
        Ok(())
    };
    gateway.crossing.run(work).await?;
    Ok(S3Response::new(PutBucketNotificationConfigurationOutput {}))
}

/// The rules of a document, each for itself and all together in order.
fn checked(configuration: NotificationConfiguration) -> Answer<Vec<NotificationRule>> {
    if configuration.event_bridge_configuration.is_some() {
        return Err(Refusal::because(
            Code::NotImplemented,
            "Events are sent to webhooks, not to EventBridge",
        ));
    }
    let topics = configuration.topic_configurations.unwrap_or_default().into_iter().map(|topic| Sent {
        target: NotificationTarget::Topic,
        id: topic.id,
        arn: topic.topic_arn,
        events: names(topic.events),
        filter: topic.filter,
    });
    let queues = configuration.queue_configurations.unwrap_or_default().into_iter().map(|queue| Sent {
        target: NotificationTarget::Queue,
        id: queue.id,
        arn: queue.queue_arn,
        events: names(queue.events),
        filter: queue.filter,
    });
    let functions = configuration.lambda_function_configurations.unwrap_or_default();
    let functions = functions.into_iter().map(|function| Sent {
        target: NotificationTarget::Function,
        id: function.id,
        arn: function.lambda_function_arn,
        events: names(function.events),
        filter: function.filter,
    });
    let rules = topics.chain(queues).chain(functions).map(Sent::check).collect::<Answer<Vec<_>>>()?;
    if rules.len() > RULES_MAX {
        return Err(invalid("A bucket has at most 100 notification configurations"));
    }
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    if ids.len() < rules.len() {
        return Err(invalid("Same ID used for multiple configurations. IDs must be unique"));
    }
    for (at, rule) in rules.iter().enumerate() {
        if rules.iter().skip(at + 1).any(|other| overlap(rule, other)) {
            return Err(invalid(
                "Configurations overlap. Configurations on the same bucket cannot share a common event type",
            ));
        }
    }
    Ok(rules)
}

fn names(events: Vec<Event>) -> Vec<String> {
    events.iter().map(|event| event.as_ref().to_owned()).collect()
}
