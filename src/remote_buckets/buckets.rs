//! Opening a bucket elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rusty_s3::UrlStyle;
use storage_engine::target::{BucketPlace, RemoteBucket, RemoteBuckets};
use storage_engine::{Error, ErrorKind, Result};

use super::bucket::Bucket;
use super::credentials;
use super::exchange::{Exchange, Limits};
use super::upload::PART_BYTES;
use crate::trust;

/// For how long a connection is kept that nobody uses.
const IDLE_MAX: Duration = Duration::from_secs(30);
/// Most bytes of the head of an answer.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Reaches buckets of other S3 services by http and https, each with the bucket as the first part of the path.
pub(crate) struct Buckets {
    limits: Limits,
    part_bytes: u64,
    /// What the system trusts, read when it is first needed.
    tls: Mutex<Option<Arc<ClientConfig>>>,
}

impl Buckets {
    /// With the limits of a server.
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), PART_BYTES)
    }

    pub(super) fn with(limits: Limits, part_bytes: u64) -> Self {
        Self { limits, part_bytes, tls: Mutex::default() }
    }

    fn tls(&self) -> Result<Arc<ClientConfig>> {
        let mut known = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tls) = &*known {
            return Ok(Arc::clone(tls));
        }
        let tls = trust::client_tls().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "set up TLS")
                .because("archive targets need it")
                .caused_by(error)
        })?;
        Ok(Arc::clone(known.insert(Arc::new(tls))))
    }
}

impl RemoteBuckets for Buckets {
    fn open(&self, place: &BucketPlace) -> Result<Box<dyn RemoteBucket>> {
        let failed = |kind, why: &dyn std::fmt::Display| {
            Error::new(kind, "open archive target").about(place).because(why)
        };
        let invalid = |why: &dyn std::fmt::Display| {
            failed(
                ErrorKind::InvalidArgument,
                &format_args!("{why}: the endpoint is a URL such as https://s3.eu-central-1.amazonaws.com"),
            )
        };
        let endpoint = place.endpoint.parse().map_err(|error| invalid(&error))?;
        let address = rusty_s3::Bucket::new(
            endpoint,
            UrlStyle::Path,
            place.bucket.as_str().to_owned(),
            place.region.clone(),
        )
        .map_err(|error| invalid(&error))?;
        let key = credentials::read(&place.credentials, &place.profile)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .map_err(|error| {
                failed(ErrorKind::Unavailable, &"the system gives no runtime").caused_by(error)
            })?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(self.limits.connect));
        http.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config((*self.tls()?).clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(1)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .build(connector);
        Ok(Box::new(Bucket {
            place: place.clone(),
            address,
            key,
            exchange: Exchange { client, limits: self.limits },
            part_bytes: self.part_bytes,
            runtime: Some(runtime),
        }))
    }
}
