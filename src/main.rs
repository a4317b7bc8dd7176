//! ArtStore
fn main() {}
