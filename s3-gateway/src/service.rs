//! The service: guards, s3s, the operations, in this order.

use std::net::SocketAddr;
use std::sync::Arc;

use auth::Accounts;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::validation::NameValidation;
use storage_engine::Archive;
use storage_engine::name::BucketName;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::access::{Entrance, Identity};
use crate::addressing::Domains;
use crate::crossing::Crossing;
use crate::dispatch::Gateway;
use crate::form::{self, Form};
use crate::guard::{self, Admitted, BodyShape};
use crate::refusal::{Code, Refusal};
use crate::response::{BoxError, RequestContext, RequestIds, ResponseBody, finish, refuse};
use crate::settings::Settings;

/// The S3 door as a service: requests in, answers out. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    s3: S3Service,
    gateway: Gateway,
    entrance: Arc<Entrance>,
    domains: Domains,
    settings: Settings,
    request_ids: RequestIds,
    requests: Semaphore,
}

/// Builds the S3 door over `archive`, open to `accounts` alone.
///
/// It is the only way to a [`Service`]: authentication and the decision about access cannot be left out.
#[must_use]
pub fn service(archive: Arc<Archive>, accounts: Arc<Accounts>, settings: Settings) -> Service {
    let entrance = Arc::new(Entrance::new(archive, accounts));
    let crossing = Crossing::new(settings.blocking_calls_max);
    let gateway = Gateway::new(crossing, &settings);
    let domains = Domains::new(&settings.domains);
    let mut builder = S3ServiceBuilder::new(gateway.clone());
    builder.set_auth(Identity::new(Arc::clone(&entrance)));
    builder.set_access(Identity::new(Arc::clone(&entrance)));
    builder.set_host(domains.clone());
    builder.set_validation(EngineNames);
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(limits()))));
    let requests = Semaphore::new(settings.requests_max.max(1));
    Service {
        inner: Arc::new(Inner {
            s3: builder.build(),
            gateway,
            entrance,
            domains,
            settings,
            request_ids: RequestIds::new(),
            requests,
        }),
    }
}

/// Bounds inside s3s. Forms are refused before they reach it; their bounds are the second line.
fn limits() -> S3Config {
    let mut config = S3Config::default();
    config.xml_max_body_size = guard::DOCUMENT_BYTES_MAX;
    config.post_object_max_file_size = 0;
    config.form_max_field_size = 64 * 1024;
    config.form_max_fields_size = 256 * 1024;
    config
}

/// Bucket names are valid where the engine says so.
struct EngineNames;

impl NameValidation for EngineNames {
    fn validate_bucket_name(&self, name: &str) -> bool {
        BucketName::parse(name).is_ok()
    }
}

impl Service {
    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Answers one request. `peer` is the address of the connection.
    ///
    /// An error in the answer's body means that the connection must be broken, so that the client does not
    /// take what it has for the whole.
    pub async fn call<B>(&self, request: Request<B>, peer: Option<SocketAddr>) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (head, body) = request.into_parts();
        let context = Arc::new(RequestContext::new(
            self.inner.request_ids.draw(),
            peer.map(|peer| peer.ip().to_canonical()),
            &head,
        ));
        let span = tracing::info_span!(
            "s3_request",
            request_id = &*context.request_id,
            user_id = tracing::field::Empty
        );
        self.answer(context, Request::from_parts(head, body)).instrument(span).await
    }

    async fn answer<B>(&self, context: Arc<RequestContext>, request: Request<B>) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let host_id = self.inner.request_ids.host_id();
        let Ok(_place) = self.inner.requests.try_acquire() else {
            return refuse(&context, host_id, Refusal::new(Code::SlowDown));
        };
        let (mut head, body) = request.into_parts();
        if body.is_end_stream() {
            context.note_body_ended();
        }
        let pause_max = self.inner.settings.body_pause_max;
        let body = match guard::admit(&mut head, &self.inner.settings, &self.inner.domains) {
            Ok(Admitted::Signed(shape)) => guard::wrap(shape, body, &context, pause_max),
            Ok(Admitted::Form(form)) => {
                let body = guard::wrap(BodyShape::Plain, body, &context, pause_max);
                return self.answer_form(&context, form, body).await;
            }
            Err(refusal) => return refuse(&context, host_id, refusal),
        };
        head.extensions.insert(Arc::clone(&context));
        match self.inner.s3.call(Request::from_parts(head, body)).await {
            Ok(answer) => finish(&context, host_id, answer),
            Err(error) => {
                tracing::error!(error = %BoxError::from(error), "s3s gave no answer");
                refuse(&context, host_id, Refusal::new(Code::InternalError))
            }
        }
    }

    async fn answer_form(
        &self,
        context: &Arc<RequestContext>,
        form: Form,
        body: s3s::Body,
    ) -> Response<ResponseBody> {
        let Inner { gateway, entrance, request_ids, .. } = &*self.inner;
        match form::post(gateway, entrance, context, form, body).await {
            Ok(answer) => finish(context, request_ids.host_id(), answer),
            Err(refusal) => refuse(context, request_ids.host_id(), refusal),
        }
    }
}
