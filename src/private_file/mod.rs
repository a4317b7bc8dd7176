//! The few files that the program itself reads and writes beside the engine's: the config file, the
//! master key, the first credentials, the log file and the control socket's name.
//!
//! What it writes is for the owner alone (mode 0600) and durable on return.

mod file;

pub(crate) use file::{
    Existing, close_to_others, create_folder_durable, exists, open_to_append, read_text, remove_if_present,
    write_durable,
};

#[cfg(test)]
mod tests;
