//! Uploads by forms of browsers (API page "POST Object"; user guide, "Browser-based uploads using POST").
//!
//! A form brings its own signature, which covers the policy and nothing else: what a form may say is what
//! its policy names. It never reaches s3s, which would hold the whole file in memory and take signatures of
//! version 2.

mod disposition;
mod fields;
mod policy;
mod post;
mod signature;
mod success;

pub(crate) use disposition::Form;
pub(crate) use post::post;
