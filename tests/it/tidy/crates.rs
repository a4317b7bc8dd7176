//! Which crate may depend on which, and where the outside crates stay.

use std::collections::BTreeMap;

use super::source_tree::{SourceFile, files, refuse};

/// Our crates and those of ours that each may use (ARCHITECTURE.md, "Folders").
const ALLOWED: [(&str, &[&str]); 6] = [
    ("artstore", &["auth", "fuse-mount", "index", "s3-gateway", "storage-engine"]),
    ("auth", &[]),
    ("fuse-mount", &["auth", "storage-engine"]),
    ("index", &["storage-engine"]),
    ("s3-gateway", &["auth", "storage-engine"]),
    ("storage-engine", &[]),
];

/// Outside crates that one crate of ours hides from all others.
const CONFINED: [(&str, &str); 3] = [("fuser", "fuse-mount"), ("s3s", "s3-gateway"), ("sqlx", "index")];

/// Crates that make an error a string.
const ERASING: [&str; 4] = ["anyhow", "color-eyre", "eyre", "failure"];

#[test]
fn crates_depend_in_one_direction_only() {
    let allowed = BTreeMap::from(ALLOWED);
    let mut complaints = Vec::new();
    for manifest in manifests() {
        let Some(package) = package_name(&manifest.text) else {
            continue;
        };
        let Some(may_use) = allowed.get(package) else {
            complaints.push(format!("{}: the crate {package} is not in the list", manifest.path));
            continue;
        };
        for dependency in dependencies(&manifest.text) {
            if allowed.contains_key(dependency) && !may_use.contains(&dependency) && dependency != package {
                complaints.push(format!("{}: {package} may not use {dependency}", manifest.path));
            }
        }
    }
    refuse(&complaints, "crates depend as ARCHITECTURE.md says");
}

#[test]
fn every_crate_of_the_design_is_in_the_workspace() {
    let present: Vec<String> =
        manifests().iter().filter_map(|m| package_name(&m.text).map(str::to_owned)).collect();
    let absent: Vec<String> = ALLOWED
        .iter()
        .filter(|(name, _)| !present.iter().any(|package| package == name))
        .map(|(name, _)| format!("{name}: no manifest names it"))
        .collect();
    refuse(&absent, "the crates of the design exist, each in a folder of its name");
}

#[test]
fn fuser_s3s_and_sqlx_stay_inside_one_crate() {
    let mut complaints = Vec::new();
    for manifest in manifests() {
        let package = package_name(&manifest.text).unwrap_or_default().to_owned();
        for dependency in dependencies(&manifest.text) {
            let home = CONFINED.iter().find(|(name, _)| *name == dependency).map(|(_, home)| *home);
            if home.is_some_and(|home| home != package) {
                complaints.push(format!("{}: {dependency} is used outside its crate", manifest.path));
            }
            if ERASING.contains(&dependency) {
                complaints.push(format!("{}: {dependency} hides what a caller branches on", manifest.path));
            }
        }
    }
    refuse(&complaints, "types of the kernel, of S3 and of SQL do not cross a crate's edge");
}

#[test]
fn every_manifest_takes_version_and_lints_from_the_workspace() {
    let mut complaints = Vec::new();
    for manifest in manifests() {
        for line in ["version.workspace = true", "rust-version.workspace = true"] {
            if !manifest.text.lines().any(|found| found == line) {
                complaints.push(format!("{}: `{line}` is missing", manifest.path));
            }
        }
        if !manifest.text.contains("[lints]\nworkspace = true") {
            complaints.push(format!("{}: the workspace's lints are not taken", manifest.path));
        }
    }
    refuse(&complaints, "one version, one Rust version and one table of lints for all crates");
}

#[test]
fn the_rust_version_is_stated_and_no_toolchain_file_overrides_it() {
    let workspace = files("", |path| path == "Cargo.toml");
    assert!(
        workspace.iter().any(|file| file.text.lines().any(|line| line.starts_with("rust-version = \""))),
        "Cargo.toml states rust-version"
    );
    let overriding: Vec<String> =
        files("", |path| path.rsplit('/').next().is_some_and(|name| name.starts_with("rust-toolchain")))
            .into_iter()
            .map(|file| format!("{}: makes rustup download a toolchain", file.path))
            .collect();
    refuse(&overriding, "no file chooses a toolchain");
}

/// The manifests of the workspace's crates; programs under benches/ and tests/ stand outside it.
fn manifests() -> Vec<SourceFile> {
    let stands_alone = |path: &str| ["benches/", "tests/"].iter().any(|folder| path.starts_with(folder));
    files("", |path| path == "Cargo.toml" || (path.ends_with("/Cargo.toml") && !stands_alone(path)))
}

fn package_name(manifest: &str) -> Option<&str> {
    let package = manifest.split("[package]").nth(1)?;
    package.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}

/// The names in every table of dependencies of a package, not those of the workspace's own table.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = table.ends_with("dependencies") && !table.starts_with("workspace");
            if let Some((_, name)) = table.split_once("dependencies.")
                && !table.starts_with("workspace")
            {
                names.push(name);
            }
            continue;
        }
        let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
        if inside && !name.is_empty() && !name.starts_with('#') {
            names.push(name);
        }
    }
    names
}

#[test]
fn dependencies_are_read_from_every_form_of_a_table() {
    let manifest = "[workspace.dependencies]\nnot-this = \"1\"\n[dependencies]\nauth.workspace = true\n# note\n\
                    s3s = { version = \"1\" }\n[dev-dependencies.sqlx]\nversion = \"1\"\n[lints]\nworkspace = true\n";
    assert_eq!(dependencies(manifest), ["auth", "s3s", "sqlx"]);
}
