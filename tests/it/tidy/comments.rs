//! What may not stand in a comment or anywhere in a file.

use super::source_tree::{SourceFile, files, refuse};

/// Where a missing case has an issue's number instead.
const MARKS: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// Praise, history and filler: a comment says why, or nothing.
const BANNED_WORDS: [&str; 22] = [
    "battle-tested",
    "best-in-class",
    "blazing",
    "bulletproof",
    "cutting-edge",
    "elegant",
    "enhanced",
    "enterprise-grade",
    "game-changing",
    "improved",
    "lightning-fast",
    "obviously",
    "of course",
    "powerful",
    "production-ready",
    "refactored",
    "robust",
    "seamless",
    "seamlessly",
    "state-of-the-art",
    "unleash",
    "world-class",
];

/// Places that exist on one machine only.
const MACHINE_PATHS: [&str; 3] = ["/root/", "/work/", "/Users/"];

#[test]
fn no_comment_holds_a_mark_of_unfinished_work() {
    let complaints = complaints_in_comments(|comment| {
        MARKS.iter().find(|mark| words(comment).any(|word| word == **mark)).map(ToString::to_string)
    });
    refuse(&complaints, "a missing case has an issue's number");
}

#[test]
fn no_comment_praises_or_tells_history() {
    let complaints = complaints_in_comments(|comment| {
        let lower = comment.to_lowercase();
        let found = BANNED_WORDS.iter().find(|word| contains_word(&lower, word));
        found
            .map(ToString::to_string)
            .or_else(|| is_numbered_step(&lower).then(|| "a numbered step".to_owned()))
    });
    refuse(&complaints, "a comment says why, or nothing");
}

#[test]
fn no_comment_is_a_banner() {
    let complaints = complaints_in_comments(|comment| {
        let text = comment.trim_start_matches(['/', '#', '!', ' ']);
        ["====", "----", "****", "####", "────"]
            .iter()
            .find(|run| text.starts_with(**run))
            .map(ToString::to_string)
    });
    refuse(&complaints, "sections are modules, not banners");
}

#[test]
fn no_file_names_a_machine_or_holds_a_picture_letter() {
    let mut complaints = Vec::new();
    for file in text_files().iter().filter(|file| !is_this_list(file)) {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(**path)) {
                complaints.push(format!("{}:{}: {path}", file.path, at + 1));
            }
            if let Some(picture) = line.chars().find(|c| is_picture(*c)) {
                complaints.push(format!("{}:{}: {picture:?}", file.path, at + 1));
            }
        }
    }
    refuse(&complaints, "files read the same on every machine");
}

fn complaints_in_comments(find: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in text_files().iter().filter(|file| !is_this_list(file)) {
        for (at, line) in file.text.lines().enumerate() {
            if let Some(found) = comment(&file.path, line).and_then(&find) {
                complaints.push(format!("{}:{}: {found}", file.path, at + 1));
            }
        }
    }
    complaints
}

/// The comment of a line; all of it in a document.
fn comment<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let mark = match path.rsplit('.').next() {
        Some("md") => return (!line.trim_start().starts_with(['#', '|', '-'])).then_some(line),
        Some("rs") => "//",
        _ => "#",
    };
    line.find(mark).map(|at| &line[at..])
}

fn text_files() -> Vec<SourceFile> {
    let endings = [".rs", ".py", ".toml", ".md", ".yml", ".yaml", "/run"];
    files("", move |path| endings.iter().any(|ending| path.ends_with(ending)))
}

/// The lists above name what they forbid.
fn is_this_list(file: &SourceFile) -> bool {
    file.path == "tests/it/tidy/comments.rs"
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

/// `step 1`, `Step 2:` and the like at the head of a comment.
fn is_numbered_step(lower: &str) -> bool {
    let text = lower.trim_start_matches(['/', '#', '!', ' ', '*']);
    text.strip_prefix("step ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn is_picture(character: char) -> bool {
    matches!(character, '\u{1f000}'..='\u{1faff}' | '\u{2705}' | '\u{274c}' | '\u{2728}' | '\u{26a0}')
}

#[test]
fn words_are_whole_and_steps_stand_first() {
    assert!(contains_word("// a robust way", "robust"));
    assert!(!contains_word("// robustness", "robust"));
    assert!(is_numbered_step("// step 1: open"));
    assert!(!is_numbered_step("// the step 1 of the issue"));
}
