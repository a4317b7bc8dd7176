//! A control document as the caller stores it.

/// One control document: its file name and its bytes, opaque to whoever stores it.
///
/// `name` is a bare file name. For an account it is `<id>.json`, and the bytes are UTF-8 JSON ending in a
/// line feed; they hold the secret only sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The file name, without a directory.
    pub name: String,
    /// The whole content.
    pub bytes: Vec<u8>,
}
