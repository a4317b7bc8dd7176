//! Signatures are verified by s3s with secrets from the accounts; who passed becomes a [`Visit`].

use std::sync::Arc;

use async_trait::async_trait;
use auth::Accounts;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3ErrorCode, S3Result};

use super::{Entrance, Visit};
use crate::operations;
use crate::refusal::{Code, Refusal};
use crate::response::RequestContext;

/// The accounts as s3s asks for them.
pub(crate) struct Identity {
    entrance: Arc<Entrance>,
}

impl Identity {
    pub(crate) fn new(entrance: Arc<Entrance>) -> Self {
        Self { entrance }
    }

    fn accounts(&self) -> &Accounts {
        self.entrance.accounts()
    }
}

#[async_trait]
impl S3Auth for Identity {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.accounts().authenticate_lookup(access_key) {
            Ok((_, secret)) => Ok(SecretKey::from(secret.reveal())),
            // Unknown and disabled look alike from outside.
            Err(_) => Err(S3Error::new(S3ErrorCode::InvalidAccessKeyId)),
        }
    }
}

/// Runs after the signature was verified and before the body is read.
#[async_trait]
impl S3Access for Identity {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let name = request.s3_op().name().to_owned();
        let access_key = request.credentials().map(|credentials| credentials.access_key.clone());
        let Some(context) = request.extensions_mut().get::<Arc<RequestContext>>().map(Arc::clone) else {
            return Err(S3Error::new(S3ErrorCode::InternalError));
        };
        let Some(access_key) = access_key else {
            return Err(context.refuse(Refusal::new(Code::AccessDenied)));
        };
        let Ok((principal, _)) = self.accounts().authenticate_lookup(&access_key) else {
            return Err(context.refuse(Refusal::new(Code::InvalidAccessKeyId)));
        };
        let Some(operation) = operations::find(&name) else {
            let message = format!("{name} is not implemented");
            return Err(context.refuse(Refusal::because(Code::NotImplemented, message)));
        };
        context.identify(operation.name, principal.account().as_str());
        let visit = Visit::new(Arc::clone(&self.entrance), context, principal, operation);
        request.extensions_mut().insert(Arc::new(visit));
        Ok(())
    }
}
