//! The HTTP API (`api/`), and what every answer has, problems and request ids.

mod answer;
mod api;
mod engine_status;
mod health;
mod listener;
mod problem;
mod request_id;

pub(crate) use answer::{answer, answer_found, answer_to, cross, rejected};
pub(crate) use api::{ApiParts, router};
pub(crate) use health::{Health, Readiness};
pub(crate) use listener::serve;
pub(crate) use problem::Problem;
pub(crate) use request_id::{RequestId, assign_request_id};

#[cfg(test)]
mod tests;
