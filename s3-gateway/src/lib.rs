//! s3-gateway
