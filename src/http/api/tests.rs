//! Claims about who is believed at the API.

use auth::{Accounts, MasterKey, NewAccount, Role};
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};

use super::caller::prove;

/// The right secret is believed from this machine, in either family of addresses, and from no other.
#[test]
fn an_account_is_believed_on_this_machine_alone() {
    let accounts = Accounts::load(MasterKey::generate().expect("a key"), []).expect("none are read");
    let new = NewAccount {
        name: "clerk".parse().expect("a name"),
        role: Role::User,
        description: String::new(),
        client_id: None,
        client_secret: None,
        is_system: false,
    };
    let created = accounts.create(new, 1).expect("it is made");
    let identity = format!("{}:{}", created.account.client_id, created.secret.reveal());
    created.insert();
    let mut headers = HeaderMap::new();
    let value = format!("Basic {}", STANDARD.encode(identity)).parse().expect("a header");
    headers.insert(header::AUTHORIZATION, value);
    for (peer, status) in [
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("192.0.2.1", Some(StatusCode::FORBIDDEN)),
        ("2001:db8::1", Some(StatusCode::FORBIDDEN)),
    ] {
        let proved = prove(&accounts, peer.parse().expect("an address"), &headers);
        let refused = proved.err().map(|refusal| refusal.into_response().status());
        assert_eq!(refused, status, "{peer}");
    }
}
