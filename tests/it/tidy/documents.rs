//! The closed list of documents: one map, one semantics, one format.

use super::source_tree::{files, refuse};

/// Every document there is, besides the decisions under `docs/adr`.
const DOCUMENTS: [&str; 10] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "README.md",
    "benches/README.md",
    "docs/BENCHMARKS.md",
    "docs/CONFIGURATION.md",
    "docs/GLOSSARY.md",
    "docs/SEALS.md",
    "docs/SEMANTICS.md",
    "docs/STORAGE.md",
];

#[test]
fn the_list_of_documents_is_closed() {
    let found: Vec<String> = markdown().into_iter().filter(|path| !path.starts_with("docs/adr/")).collect();
    let unknown = found.iter().filter(|path| !DOCUMENTS.contains(&path.as_str()));
    let absent = DOCUMENTS.iter().filter(|path| !found.iter().any(|found| found == *path));
    let complaints: Vec<String> = unknown
        .map(|path| format!("{path}: not in the list"))
        .chain(absent.map(|path| format!("{path}: missing")))
        .collect();
    refuse(&complaints, "documents do not multiply");
}

#[test]
fn decisions_are_numbered_without_gaps() {
    let decisions: Vec<String> =
        markdown().into_iter().filter(|path| path.starts_with("docs/adr/")).collect();
    assert!(!decisions.is_empty(), "docs/adr holds the first decisions");
    let complaints: Vec<String> = decisions
        .iter()
        .zip(1..)
        .filter(|(path, number)| !is_decision(path, *number))
        .map(|(path, number)| format!("{path}: expected docs/adr/{number:04}-words-in-kebab-case.md"))
        .collect();
    refuse(&complaints, "decisions count 0001, 0002, … and none is taken away");
}

#[test]
fn links_between_documents_lead_to_files() {
    let mut complaints = Vec::new();
    for file in files("", |path| path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in links(&file.text) {
            if !super::source_tree::root().join(folder).join(target).exists() {
                complaints.push(format!("{}: {target}", file.path));
            }
        }
    }
    refuse(&complaints, "a link leads somewhere");
}

fn markdown() -> Vec<String> {
    files("", |path| path.ends_with(".md")).into_iter().map(|file| file.path).collect()
}

fn is_decision(path: &str, number: usize) -> bool {
    let name = path.strip_prefix("docs/adr/").and_then(|name| name.strip_suffix(".md")).unwrap_or_default();
    name.strip_prefix(&format!("{number:04}-")).is_some_and(|words| {
        !words.is_empty() && words.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}

/// Relative targets of `[text](target)`, without anchors.
fn links(text: &str) -> Vec<&str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}
