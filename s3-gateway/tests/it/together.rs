//! Short PUTs that arrive at once and are committed together.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;

use super::door::Door;

const MANY: usize = 200;

fn body(number: usize) -> Bytes {
    Bytes::from(vec![number as u8; 100 + number])
}

/// Each of many is answered as if it were alone: what is right is stored, what is wrong is refused and stores
/// nothing, and of those that have one key one is there.
#[tokio::test(flavor = "multi_thread")]
async fn each_of_many_is_answered_for_itself() {
    let door = Arc::new(Door::with_bucket().await);
    let puts = (0..MANY).map(|number| {
        let door = Arc::clone(&door);
        tokio::spawn(async move {
            let (path, md5) = match number % 4 {
                0 => ("/docs/same".to_owned(), None),
                1 => (format!("/docs/damaged-{number}"), Some("AAAAAAAAAAAAAAAAAAAAAA==")),
                2 => (format!("/nowhere/{number}"), None),
                _ => (format!("/docs/own-{number}"), None),
            };
            let mut draft = door.user.put(&path).body(body(number));
            if let Some(md5) = md5 {
                draft = draft.header("content-md5", md5);
            }
            (number, door.send(draft.sign()).await)
        })
    });
    for (number, answer) in join_all(puts).await.into_iter().map(Result::unwrap) {
        let code = ["", "<Code>BadDigest</Code>", "<Code>NoSuchBucket</Code>", ""][number % 4];
        assert_eq!(answer.status, [200, 400, 404, 200][number % 4], "{number}: {answer:?}");
        assert!(answer.text().contains(code), "{answer:?}");
    }
    for number in 0..MANY {
        let own = door.send(door.user.get(&format!("/docs/own-{number}")).sign()).await;
        let damaged = door.send(door.user.get(&format!("/docs/damaged-{number}")).sign()).await;
        assert_eq!(own.status == 200, number % 4 == 3, "{number}");
        assert!(own.status == 404 || own.body == body(number), "{number}");
        assert_eq!(damaged.status, 404, "{number}");
    }
    let same = door.send(door.user.get("/docs/same").sign()).await.body;
    assert!((0..MANY).step_by(4).any(|number| same == body(number)));
}

/// A client that goes away while its PUT waits keeps nobody else waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_holds_up_nobody() {
    let door = Arc::new(Door::with_bucket().await);
    for round in 0..20 {
        let gone: Vec<_> = (0..10)
            .map(|number| {
                let door = Arc::clone(&door);
                let path = format!("/docs/gone-{round}-{number}");
                tokio::spawn(async move { door.send(door.user.put(&path).body(body(number)).sign()).await })
            })
            .collect();
        tokio::task::yield_now().await;
        gone.iter().for_each(|put| put.abort());
        door.store(&format!("stays-{round}"), body(round)).await;
    }
    for round in 0..20 {
        let answer = door.send(door.user.get(&format!("/docs/stays-{round}")).sign()).await;
        assert_eq!(answer.body, body(round));
    }
}
