//! The archive on a simulated machine whose power fails, whose calls fail and whose room runs out.
//!
//! A script of steps runs once to count the calls that change or sync something. Then it runs again
//! for each call, stopped or made to fail there; the archive is opened again and compared with a
//! model in which every acknowledged step happened whole, and the step without an answer happened
//! whole or not at all. Besides what the archive answers, the files on its elements are surveyed:
//! each sidecar matches its data, and nothing lies about that belongs to nothing.
//!
//! Every failure prints the calls and names profile, seed and call, with which `power_cut::replay`
//! repeats it. The environment variable `ARTSTORE_TEST_LONG` runs every call instead of some.

mod budget;
mod concurrent;
mod events;
mod failing_call;
mod foreign_bytes;
mod full_disk;
mod log_damage;
mod model;
mod power_cut;
mod repair;
mod script;
mod sealing;
mod survey;
mod together;
mod world;
