//! Claims about the API's answers.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use storage_engine::archive::status::{ElementState, ElementStatus};
use storage_engine::mode::Mode;
use storage_engine::name::{ElementId, ElementName};
use storage_engine::scrub::ScrubStatus;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::CancellationToken;

use super::health::Readiness;
use super::listener::serve;
use super::problem::Problem;
use super::request_id::trace_id;
use crate::error::{Error, ErrorKind};

fn element(name: &str, state: ElementState) -> ElementStatus {
    ElementStatus {
        name: ElementName::parse(name).expect("a name"),
        id: ElementId::new(uuid::Uuid::new_v4()),
        root: "/srv/secret-place".into(),
        mode: (state != ElementState::Absent).then_some(Mode::Edit),
        state,
        max_size_bytes: Some(4711),
        priority: Some(100),
        reserve_bytes: None,
        when_full: Default::default(),
        retention: None,
        target: None,
        free_bytes: 4712,
    }
}

/// Checks status and word of a server whose elements are in these states.
fn check_ready(states: &[ElementState], is_stopping: bool, status: StatusCode, word: &str) {
    let elements = states.iter().map(|state| element("e", *state)).collect();
    let readiness = Readiness::of(elements, true, &ScrubStatus::default(), is_stopping);
    assert_eq!(readiness.http_status(), status, "{states:?}");
    let json = serde_json::to_value(&readiness).expect("it is JSON");
    assert_eq!(json["status"], word, "{states:?}");
}

#[test]
fn a_server_is_ready_as_long_as_an_element_serves_and_it_does_not_stop() {
    use ElementState::{Absent, Latched, Ready};
    check_ready(&[Ready, Ready], false, StatusCode::OK, "ready");
    check_ready(&[Ready, Absent], false, StatusCode::OK, "degraded");
    check_ready(&[Latched, Ready], false, StatusCode::OK, "degraded");
    check_ready(&[Latched, Absent], false, StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    check_ready(&[], false, StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    check_ready(&[Ready], true, StatusCode::SERVICE_UNAVAILABLE, "stopping");
}

/// Without its catalog a server answers nothing but what it has in memory: it is to be restarted.
#[test]
fn a_server_with_a_damaged_catalog_is_unavailable() {
    let elements = vec![element("e", ElementState::Ready)];
    let readiness = Readiness::of(elements, false, &ScrubStatus::default(), false);
    assert_eq!(readiness.http_status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(serde_json::to_value(&readiness).expect("it is JSON")["catalog"], "damaged");
}

/// Anybody may ask: where the bytes lie and how much room there is stays untold.
#[test]
fn the_health_answer_tells_names_modes_and_states_alone() {
    let elements = vec![element("edit-01", ElementState::Ready)];
    let readiness = Readiness::of(elements, true, &ScrubStatus::default(), false);
    assert_eq!(
        serde_json::to_string(&readiness).expect("it is JSON"),
        concat!(
            r#"{"status":"ready","elements":[{"name":"edit-01","mode":"edit","state":"ready"}],"#,
            r#""catalog":"ready","scrub":{"running":false,"ended_ms":null,"damage":0,"inconsistent":0}}"#
        )
    );
}

/// A command tells the same error whether a server answered or it opened the archive itself.
#[test]
fn an_error_survives_the_way_through_a_problem_document() {
    let source = storage_engine::Error::new(storage_engine::ErrorKind::AlreadyExists, "create element")
        .about("a")
        .caused_by(std::io::Error::other("below"));
    let error =
        Error::new(ErrorKind::Failed, "create element").about("a").remedy("list them").caused_by(source);
    let problem = Problem::of_error(&error);
    assert_eq!(problem.clone().into_response().status(), StatusCode::CONFLICT);
    let sent = serde_json::to_vec(&problem).expect("it is JSON");
    let told = serde_json::from_slice::<Problem>(&sent).expect("it is a problem").into_error();
    assert_eq!(told.kind(), error.kind());
    assert!(told.to_string().ends_with(&error.to_string()), "{told}");
    let texts = |error: &Error| error.causes().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts(&told), texts(&error));
    assert_eq!(told.what_to_do(), error.what_to_do());
}

/// RFC 9457, section 3: a problem has its own media type.
#[test]
fn a_problem_has_the_media_type_of_problems() {
    let response = Problem::of_status(StatusCode::NOT_FOUND).into_response();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

/// W3C Trace Context, section 3.2: what is malformed is ignored.
#[test]
fn a_trace_id_is_taken_from_a_well_formed_traceparent_only() {
    let found = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", value.parse().expect("a header"));
        trace_id(&headers).map(str::to_owned)
    };
    let id = "0af7651916cd43dd8448eb211c80319c";
    assert_eq!(found(&format!("00-{id}-b7ad6b7169203331-01")).as_deref(), Some(id));
    assert_eq!(found(&format!("00-{}-b7ad6b7169203331-01", "0".repeat(32))), None);
    assert_eq!(found(&format!("00-{}-b7ad6b7169203331-01", id.to_uppercase())), None);
    assert_eq!(found(&format!("00-{id}-b7ad6b7169203331")), None);
    assert_eq!(found("nonsense"), None);
    assert_eq!(trace_id(&HeaderMap::new()), None);
}

/// A request that is being answered when the server stops gets its answer, and no new one is taken.
#[test]
fn a_request_in_flight_is_answered_after_the_stop() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let (arrived, has_arrived) = oneshot::channel::<()>();
        let (go_on, may_go_on) = oneshot::channel::<()>();
        let once = Arc::new(Mutex::new(Some((arrived, may_go_on))));
        let slow = move || async move {
            let (arrived, may_go_on) = once.lock().await.take().expect("one request comes");
            arrived.send(()).expect("the test waits");
            may_go_on.await.expect("the test goes on");
            "answered"
        };
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, Router::new().route("/", get(slow)), stop.clone()));
        let mut client = TcpStream::connect(address).await.expect("the server listens");
        client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("the request is sent");
        has_arrived.await.expect("the request arrives");
        stop.cancel();
        go_on.send(()).expect("the request waits");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.expect("the answer comes, then the end");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("answered"), "{answer}");
        server.await.expect("the server ends");
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    });
}
