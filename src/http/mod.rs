//! The HTTP API: health answers today, and what every answer has, problems and request ids.

mod api;
mod engine_status;
mod health;
mod listener;
mod problem;
mod request_id;

pub(crate) use api::router;
pub(crate) use health::{Health, Readiness};
pub(crate) use listener::serve;
pub(crate) use problem::Problem;
pub(crate) use request_id::{RequestId, assign_request_id};

#[cfg(test)]
mod tests;
