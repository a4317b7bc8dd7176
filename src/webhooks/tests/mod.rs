//! Claims about webhooks: whom they may reach, what they send, and that it arrives at least once.

mod addresses;
mod bodies;
mod deliveries;
mod mailboxes;
mod receiver;
mod world;
