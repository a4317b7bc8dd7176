//! The S3 door as a client sees it: signed HTTP requests against the built service and a real archive.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test's failure is a panic")]

mod access;
mod acls;
mod attacks;
mod attributes;
mod bodies;
mod buckets;
mod chunks;
mod conditions;
mod connections;
mod copies;
mod door;
mod draft;
mod errors;
mod forms;
mod guards;
mod lifecycle;
mod listings;
mod matrix;
mod notifications;
mod objects;
mod ranges;
mod restores;
mod signature;
mod tags;
mod together;
mod uploads;
mod versions;
mod virtual_hosts;
