//! How large a file is, what a module is called, and that no file is left out of the build.

use std::collections::BTreeSet;

use super::source_tree::{SourceFile, refuse, rust_files};

/// Most lines of a Rust file.
const LINES_MAX: usize = 500;

/// Words that say where something was put, not what it is.
const BANNED_NAMES: [&str; 12] = [
    "common",
    "handler",
    "handlers",
    "helper",
    "helpers",
    "manager",
    "misc",
    "processor",
    "types",
    "util",
    "utils",
    "v2",
];

#[test]
fn no_rust_file_is_longer_than_500_lines() {
    let complaints: Vec<String> = rust_files()
        .iter()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect();
    refuse(&complaints, "a file owns one noun: split by operation");
}

#[test]
fn parent_modules_only_declare_and_document() {
    let mut complaints = Vec::new();
    for file in rust_files().iter().filter(|file| is_parent(&file.path)) {
        for line in functions_with_a_body(&file.text) {
            complaints.push(format!("{}:{line}: a function", file.path));
        }
    }
    refuse(&complaints, "lib.rs and mod.rs hold no functions");
}

#[test]
fn modules_and_types_have_names_of_their_own() {
    let mut complaints = Vec::new();
    for file in rust_files() {
        for part in file.path.trim_end_matches(".rs").split('/') {
            if is_banned_module(part) {
                complaints.push(format!("{}: `{part}` is no name", file.path));
            }
        }
        for (at, line) in file.text.lines().enumerate() {
            if let Some(name) = declared_name(line)
                && is_banned_name(name)
            {
                complaints.push(format!("{}:{}: `{name}` is no name", file.path, at + 1));
            }
        }
    }
    refuse(&complaints, "name the noun; move a function to the type that owns the data");
}

#[test]
fn every_rust_file_belongs_to_a_crate() {
    let files = rust_files();
    let complaints: Vec<String> = files
        .iter()
        .filter(|file| !is_crate_root(&file.path) && !is_declared(file, &files))
        .map(|file| format!("{}: no parent declares it", file.path))
        .collect();
    refuse(&complaints, "no file is dead, and no test file is orphaned");
}

#[test]
fn a_crate_has_at_most_one_test_binary() {
    let roots: Vec<String> = rust_files()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.starts_with("tests/") || path.contains("/tests/"))
        .filter(|path| is_test_root(path))
        .collect();
    let crates: BTreeSet<&str> =
        roots.iter().map(|path| path.split("tests/").next().unwrap_or_default()).collect();
    assert_eq!(crates.len(), roots.len(), "one test binary per crate: {roots:?}");
}

#[test]
fn no_function_answers_with_a_string_as_its_error() {
    let mut complaints = Vec::new();
    for file in rust_files().iter().filter(|file| !file.path.starts_with("tests/")) {
        for (at, line) in file.text.lines().enumerate() {
            if error_type(line).is_some_and(|error| ["String", "&'static str", "&str"].contains(&error)) {
                complaints.push(format!("{}:{}: {}", file.path, at + 1, line.trim()));
            }
        }
    }
    refuse(&complaints, "an error has a kind");
}

/// The second argument of the `Result` that a line's function answers with.
fn error_type(line: &str) -> Option<&str> {
    let arguments = line.split("-> Result<").nth(1)?;
    let mut depth = 0_u32;
    let mut comma = None;
    for (at, character) in arguments.char_indices() {
        match character {
            '<' | '(' | '[' => depth += 1,
            '>' if depth == 0 => return Some(arguments.get(comma? + 1..at)?.trim()),
            '>' | ')' | ']' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => comma = Some(at),
            _ => {}
        }
    }
    None
}

fn is_parent(path: &str) -> bool {
    path.ends_with("/mod.rs") || path.ends_with("/lib.rs")
}

/// Lines of functions that have a body, outside modules of tests.
fn functions_with_a_body(text: &str) -> Vec<usize> {
    let before_tests = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines: Vec<&str> = before_tests.lines().collect();
    let is_function = |line: &str| {
        let code = line.trim_start();
        !code.starts_with("//") && (code.starts_with("fn ") || code.contains(" fn ")) && code.contains('(')
    };
    (0..lines.len())
        .filter(|at| is_function(lines[*at]) && has_body(&lines[*at..]))
        .map(|at| at + 1)
        .collect()
}

/// Whether a signature ends with a block and not, as in a trait, with a semicolon.
fn has_body(signature: &[&str]) -> bool {
    signature
        .iter()
        .find_map(|line| line.find(['{', ';']).map(|at| &line[at..=at]))
        .is_some_and(|end| end == "{")
}

fn is_banned_module(part: &str) -> bool {
    BANNED_NAMES.contains(&part) || part.starts_with("new_") || part.ends_with("_v2")
}

fn is_banned_name(name: &str) -> bool {
    let lower = name.to_lowercase();
    BANNED_NAMES.contains(&lower.as_str())
        || is_banned_module(&lower)
        || ["Manager", "Helper", "Helpers", "Util", "Utils"].iter().any(|end| name.ends_with(end))
}

/// The name that a line declares as a module or type.
fn declared_name(line: &str) -> Option<&str> {
    let mut words = line.split([' ', '<', '(', '{', ';', '=', ':']).filter(|word| !word.is_empty());
    let keyword =
        words.find(|word| !word.starts_with("pub") && !["crate)", "super)", "unsafe"].contains(word))?;
    if ["mod", "struct", "enum", "trait", "type", "union"].contains(&keyword) { words.next() } else { None }
}

fn is_crate_root(path: &str) -> bool {
    let file_name = path.rsplit('/').next().unwrap_or_default();
    ["lib.rs", "main.rs", "build.rs"].contains(&file_name) || path.contains("/src/bin/") || is_test_root(path)
}

/// What cargo makes a test binary of: a file right under `tests`, or `main.rs` one folder below.
fn is_test_root(path: &str) -> bool {
    let Some((before, below)) = path.split_once("tests/") else {
        return false;
    };
    let is_cargo_folder = !before.contains("src/");
    is_cargo_folder && (!below.contains('/') || below.split('/').nth(1) == Some("main.rs"))
}

/// Whether the parent of a file says `mod <its name>`.
fn is_declared(file: &SourceFile, files: &[SourceFile]) -> bool {
    let own = file.path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
    let Some((folder, name)) = own.rsplit_once('/') else {
        return false;
    };
    let parents = [
        format!("{folder}/mod.rs"),
        format!("{folder}/lib.rs"),
        format!("{folder}/main.rs"),
        format!("{folder}.rs"),
    ];
    files
        .iter()
        .filter(|other| parents.contains(&other.path))
        .any(|parent| parent.text.lines().any(|line| declares_module(line, name)))
}

fn declares_module(line: &str, name: &str) -> bool {
    line.trim().trim_end_matches(';').rsplit_once("mod ").is_some_and(|(_, declared)| declared == name)
}

#[test]
fn a_trait_in_a_parent_is_a_declaration_and_a_body_is_a_function() {
    let text =
        "pub trait Disk {\n    fn len(&self)\n        -> u64;\n}\npub(crate) fn open(\n    a: u8,\n) {\n}\n";
    assert_eq!(functions_with_a_body(text), [5]);
}

#[test]
fn names_are_found_behind_any_visibility() {
    let lines =
        ["pub(crate) struct DiskManager<T> {", "mod helpers;", "pub enum Mode {", "let type_name = 1;"];
    let banned: Vec<bool> =
        lines.iter().map(|line| declared_name(line).is_some_and(is_banned_name)).collect();
    assert_eq!(banned, [true, true, false, false]);
}

#[test]
fn the_error_is_the_second_argument_of_the_result() {
    assert_eq!(error_type("fn f() -> Result<Vec<(u8, String)>, String> {"), Some("String"));
    assert_eq!(error_type("fn f() -> Result<BTreeMap<String, String>> {"), None);
}
