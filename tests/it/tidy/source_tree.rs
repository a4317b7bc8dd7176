//! The files of the workspace as the rules see them.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold nothing of ours: build output, and what programs leave behind.
const SKIPPED: [&str; 4] = ["target", "artstore-data", "__pycache__", "node_modules"];

/// One text file of the workspace.
pub(super) struct SourceFile {
    /// Path relative to the workspace, joined by `/`.
    pub(super) path: String,
    /// The whole text.
    pub(super) text: String,
}

/// The workspace's folder.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` that `wanted` accepts by its path, in order; hidden folders other than
/// `.ci` and whatever is built are passed over, and so are files that are no UTF-8.
pub(super) fn files(folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<SourceFile> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let entry = entry.expect("a folder of the workspace can be read");
            let kind = entry.file_type().expect("an entry has a type");
            if kind.is_dir() && !is_skipped(&entry.path()) {
                folders.push(entry.path());
            }
            if kind.is_file() {
                found.extend(read(&root, &entry.path(), &wanted));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Every Rust file of the workspace.
pub(super) fn rust_files() -> Vec<SourceFile> {
    files("", |path| path.ends_with(".rs"))
}

/// Fails with every complaint at once.
pub(super) fn refuse(complaints: &[String], rule: &str) {
    assert!(complaints.is_empty(), "{rule}\n  {}", complaints.join("\n  "));
}

fn is_skipped(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let is_venv = folder.join("pyvenv.cfg").exists();
    SKIPPED.contains(&name.as_ref()) || is_venv || (name.starts_with('.') && name != ".ci")
}

fn read(root: &Path, path: &Path, wanted: &impl Fn(&str) -> bool) -> Option<SourceFile> {
    let relative = path.strip_prefix(root).ok()?.to_str()?.to_owned();
    if !wanted(&relative) {
        return None;
    }
    let text = fs::read_to_string(path).ok()?;
    Some(SourceFile { path: relative, text })
}
