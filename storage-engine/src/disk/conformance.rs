//! What every disk does alike.
