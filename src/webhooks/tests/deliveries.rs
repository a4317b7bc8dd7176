//! Events arrive at least once, whatever receivers do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use storage_engine::outbox::EventKind;

use super::receiver::{Got, Reaction, Receiver};
use super::world::{TIMINGS, World, keys};
use crate::webhooks::Couriers;
use crate::webhooks::mailbox::TRIES_MAX;
use crate::webhooks::signature::sign;

fn couriers(world: &World) -> Arc<Couriers> {
    Couriers::start(Arc::clone(&world.webhooks), true, TIMINGS).unwrap()
}

/// The same after a stop and a start.
async fn stopped(world: World, couriers: Arc<Couriers>) -> World {
    couriers.stop().await;
    drop(couriers);
    world.reopened()
}

fn header<'a>(got: &'a Got, name: &str) -> &'a str {
    got.headers.get(name).map_or("", String::as_str)
}

fn names(count: usize) -> BTreeSet<String> {
    (0..count).map(|number| format!("key {number}")).collect()
}

/// A receiver that fails in every way is tried again with the same id until it takes the event, each try is signed
/// anew, and a redirect leads nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_fails_is_tried_again() {
    use Reaction::{Answer, Babble, Close, Hang, Redirect};
    let reactions = [Answer(500), Close, Hang, Redirect, Babble, Answer(404), Answer(503), Answer(204)];
    let receiver = Receiver::start(move |number| reactions[number.min(reactions.len() - 1)]).await;
    let world = World::new();
    let created = world.webhook("owner", &receiver.url(), &["file_restored"]);
    let couriers = couriers(&world);
    world.restored("a");
    let got = receiver.wait(|got| got.len() >= reactions.len()).await;
    world.wait_for(|webhook| webhook.delivered == 1).await;
    couriers.stop().await;
    assert_eq!(receiver.got().len(), reactions.len(), "once taken, never again");
    let ids: BTreeSet<&str> = got.iter().map(|got| header(got, "x-artstore-delivery")).collect();
    assert_eq!(ids.len(), 1);
    for (number, got) in got.iter().enumerate() {
        assert_eq!((got.path.as_str(), header(got, "content-type")), ("/events", "application/json"));
        assert_eq!(header(got, "x-artstore-event"), "file_restored");
        let body: serde_json::Value = serde_json::from_slice(&got.body).unwrap();
        assert_eq!(body["attempt"], number + 1);
        assert_eq!(body["id"], header(got, "x-artstore-delivery"));
        let timestamp = header(got, "x-artstore-timestamp").parse().unwrap();
        assert_eq!(header(got, "x-artstore-signature"), sign(&created.secret, timestamp, &got.body));
    }
}

/// What never arrives is kept as dead, and arrives once the receiver is well and somebody asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_can_be_tried_again() {
    let is_well = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&is_well);
    let receiver =
        Receiver::start(move |_| Reaction::Answer(if well.load(Ordering::Relaxed) { 200 } else { 500 }))
            .await;
    let world = World::new();
    world.webhook("owner", &receiver.url(), &["*"]);
    let couriers = couriers(&world);
    world.restored("a");
    receiver.wait(|got| got.len() >= 4).await;
    let world = stopped(world, couriers).await;
    // The other tries, which take a day: the clock is a thousand times as fast, and a day is long all the same.
    let open = world.webhooks.find(world.webhooks.list()[0].id).unwrap();
    let mut now_ms = u64::MAX / 4;
    loop {
        let Some((_, attempt)) = open.lock().take(now_ms) else { break };
        assert!(attempt <= TRIES_MAX);
        open.lock().settle(Some("500".to_owned()), now_ms, 0);
        now_ms += 30 * 60 * 60 * 1000;
    }
    drop(open);
    world.webhooks.keep_changed().unwrap();
    let dead = world.webhooks.dead();
    assert_eq!((dead.len(), dead[0].key.as_str(), dead[0].tries), (1, "a", TRIES_MAX));
    let world = world.reopened();
    assert_eq!(world.webhooks.dead(), dead, "it is kept");
    is_well.store(true, Ordering::Relaxed);
    assert_eq!(world.webhooks.retry_dead().unwrap().retried, 1);
    let world = world.reopened();
    assert!(world.webhooks.dead().is_empty());
    let again = super::deliveries::couriers(&world);
    receiver.wait(|got| keys(got).contains("a")).await;
    again.stop().await;
}

/// A receiver that hangs delays no other, and one whose answer never ends has taken what it was sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_receiver_delays_no_other() {
    let slow = Receiver::start(|_| Reaction::Hang).await;
    let endless = Receiver::start(|_| Reaction::Endless).await;
    let quick = Receiver::start(|_| Reaction::Answer(200)).await;
    let world = World::new();
    for receiver in [&slow, &quick] {
        world.webhook("owner", &receiver.url(), &["*"]);
    }
    world.webhook("owner", &endless.url(), &["file_expiring"]);
    world.webhook("other", &quick.url(), &["*"]);
    let couriers = couriers(&world);
    for key in names(50) {
        world.restored(&key);
    }
    world.happens(EventKind::FileExpiring, "soon");
    let got = quick.wait(|got| got.len() >= 51).await;
    let in_order: Vec<String> = got.iter().map(|got| header(got, "x-artstore-delivery").to_owned()).collect();
    assert!(in_order.is_sorted(), "in their order");
    assert!(slow.got().len() < 50);
    endless.wait(|got| keys(got).contains("soon")).await;
    couriers.stop().await;
    assert_eq!(quick.got().len(), 51, "nothing of somebody else's buckets");
}

/// Over a start everything arrives, and what arrived before is not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_goes_on_where_the_last_one_was() {
    let receiver = Receiver::start(|number| Reaction::Answer(if number % 7 == 3 { 500 } else { 200 })).await;
    let world = World::new();
    world.webhook("owner", &receiver.url(), &["*"]);
    let first = couriers(&world);
    for key in names(40) {
        world.restored(&key);
    }
    receiver.wait(|got| got.len() >= 10).await;
    let world = stopped(world, first).await;
    let second = couriers(&world);
    receiver.wait(|got| keys(got) == names(40)).await;
    second.stop().await;
    let taken = receiver.got().iter().filter(|got| got.is_taken).count();
    assert!(taken <= 41, "one that was under way may be sent again: {taken}");
}

/// An address that is not public is not connected to, by a name neither.
#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused() {
    let receiver = Receiver::start(|_| Reaction::Answer(200)).await;
    let world = World::new();
    let port = receiver.address.port();
    let couriers = Couriers::start(Arc::clone(&world.webhooks), false, TIMINGS).unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let created = world.webhook("owner", &format!("http://{host}:{port}/events"), &["none"]);
        let tested = couriers.test(created.webhook.id).await.unwrap();
        let failure = tested.failure.unwrap_or_default();
        assert!(failure.contains("server.webhook_private_addresses"), "{host}: {failure}");
    }
    couriers.stop().await;
    assert!(receiver.got().is_empty());
}

/// The secret is in no file, and a webhook that was removed is sent nothing, not even what waited.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_sealed_and_can_be_removed() {
    let receiver = Receiver::start(|_| Reaction::Answer(500)).await;
    let world = World::new();
    let created = world.webhook("owner", &receiver.url(), &["*"]);
    let couriers = couriers(&world);
    world.restored("a");
    receiver.wait(|got| got.len() >= 2).await;
    let kept = world.archive.control_documents("webhooks").unwrap();
    assert_eq!(kept.len(), 1);
    let text = String::from_utf8(kept[0].1.clone()).unwrap();
    assert!(text.contains(&receiver.url()) && !text.contains(&created.secret));
    world.webhooks.remove(created.webhook.id).unwrap();
    let world = stopped(world, couriers).await;
    for folder in ["webhooks", "webhook-progress", "webhook-dead"] {
        assert!(world.archive.control_documents(folder).unwrap().is_empty(), "{folder}");
    }
    assert!(world.webhooks.remove(created.webhook.id).is_err());
    assert!(world.webhooks.list().is_empty());
}
