//! Claims about the command line: what may be typed, and what its answers look like.

use clap::{CommandFactory, Parser};

use super::share::{parse_percent, parse_root};
use super::terminal::describe;
use super::{
    AccountCommand, Arguments, Command, ElementCommand, IndexCommand, ScrubCommand, SealCommand, Table,
};
use crate::error::{Error, ErrorKind};
use crate::size::{parse_bound, parse_size, show_size};

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
}

fn parsed(line: &str) -> Arguments {
    parse(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn the_definition_of_the_arguments_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn the_flags_of_serve_reach_the_settings() {
    let line =
        "artstore serve --config /c --data /d --s3-listen h:1 --api-listen h:2 --mount /m --index embedded";
    let flags = parsed(line).flags();
    assert_eq!(flags.config.as_deref(), Some("/c".as_ref()));
    assert_eq!(flags.data.as_deref(), Some("/d".as_ref()));
    assert_eq!(flags.s3_listen.map(|address| address.to_string()).as_deref(), Some("h:1"));
    assert_eq!(flags.api_listen.map(|address| address.to_string()).as_deref(), Some("h:2"));
    assert_eq!(flags.mount.as_deref(), Some("/m".as_ref()));
    assert!(flags.index.is_some());
}

#[test]
fn serve_needs_no_argument_and_sets_nothing_by_itself() {
    let flags = parsed("artstore serve").flags();
    assert!(flags.data.is_none() && flags.s3_listen.is_none() && flags.api_listen.is_none());
}

#[test]
fn the_data_directory_may_be_named_before_or_behind_the_command() {
    for line in ["artstore --data /d element list", "artstore element list --data /d --json"] {
        assert_eq!(parsed(line).flags().data.as_deref(), Some("/d".as_ref()), "{line}");
    }
}

#[test]
fn an_element_is_created_with_a_mode_a_root_and_a_size() {
    let line = "artstore element create a-1 --mode rw --root /r --max-size 2GiB";
    let Command::Element(ElementCommand::Create(new)) = parsed(line).command else {
        panic!("{line} is another command");
    };
    assert_eq!(new.name.as_str(), "a-1");
    assert_eq!(new.mode.as_str(), "rw");
    assert_eq!(new.max_size, Some(2 * 1024 * 1024 * 1024));
    assert!(!new.output.json);
}

#[test]
fn a_check_reads_content_unless_told_otherwise() {
    for (line, no_content) in [("artstore fsck", false), ("artstore fsck --no-content --json", true)] {
        let Command::Fsck(arguments) = parsed(line).command else { panic!("{line} is another command") };
        assert_eq!((arguments.no_content, arguments.output.json), (no_content, no_content));
    }
}

/// Nothing is changed and nothing digested that was not asked for.
#[test]
fn repairs_and_digests_are_asked_for() {
    for (line, wanted) in [("artstore fsck", false), ("artstore fsck --repair --digest", true)] {
        let Command::Fsck(arguments) = parsed(line).command else { panic!("{line} is another command") };
        assert_eq!((arguments.repair, arguments.digest), (wanted, wanted));
    }
    for (line, wanted) in [("artstore index rebuild", false), ("artstore index rebuild --verify", true)] {
        let Command::Index(IndexCommand::Rebuild(arguments)) = parsed(line).command else {
            panic!("{line} is another command");
        };
        assert_eq!(arguments.verify, wanted);
    }
}

#[test]
fn a_comparison_with_seals_takes_a_copy_a_share_and_roots() {
    let root = "0f".repeat(32);
    let line = format!("artstore seal verify --from /b --sample 0.5% --seed 7 --root {root} --root {root}");
    let Command::Seal(SealCommand::Verify(arguments)) = parsed(&line).command else {
        panic!("{line} is another command");
    };
    assert_eq!(arguments.from.as_deref(), Some("/b".as_ref()));
    assert_eq!((arguments.sample, arguments.seed), (Some(0.5), Some(7)));
    assert_eq!(arguments.roots, [[15; 32]; 2]);
    for wrong in ["0", "0%", "-1", "101", "NaN", "inf", "%", "one"] {
        assert!(parse_percent(wrong).is_err(), "{wrong}");
    }
    for wrong in ["", "0f", &root[1..], &format!("{}zz", &root[2..]), &format!("+f{}", &root[2..])] {
        assert!(parse_root(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_account_is_created_with_a_role_in_either_case() {
    let line = "artstore account create reader --role readonly --json";
    let Command::Account(AccountCommand::Create(new)) = parsed(line).command else {
        panic!("{line} is another command");
    };
    assert_eq!((new.name.as_str(), new.role.as_str(), new.output.json), ("reader", "READONLY", true));
}

#[test]
fn wrong_arguments_are_wrong_usage() {
    let wrong = [
        "artstore",
        "artstore mount /mnt",
        "artstore serve --listen 1",
        "artstore serve --s3-listen 9000",
        "artstore serve --index sqlite",
        "artstore element create A_1 --mode rw",
        "artstore element create a --mode wr",
        "artstore element create a",
        "artstore element create a --mode rw --max-size 0",
        "artstore account create x --role KING",
        "artstore account create x",
    ];
    for line in wrong {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), i32::from(ErrorKind::InvalidSettings.exit_code()), "{line}");
    }
}

/// A rate is bytes per second, `none` as fast as it goes, and left out as the settings say.
#[test]
fn a_scrub_is_started_at_a_rate() {
    for (line, rate) in [
        ("artstore scrub start", None),
        ("artstore scrub start --rate none", Some(None)),
        ("artstore scrub start --rate 200MiB", Some(Some(200 << 20))),
    ] {
        let Command::Scrub(ScrubCommand::Start(start)) = parsed(line).command else {
            panic!("{line} is another command");
        };
        assert_eq!(start.rate.map(|rate| rate.0), rate, "{line}");
    }
    assert!(parse("artstore scrub start --rate fast").is_err());
}

/// A person who asks for help sees every exit code, and an example of every command that does something.
#[test]
fn help_teaches_by_example() {
    let mut command = Arguments::described();
    command.build();
    let help = command.render_long_help().to_string();
    for kind in ErrorKind::ALL {
        assert!(help.contains(&format!("  {}  {}", kind.exit_code(), kind.meaning())), "{kind:?} in\n{help}");
    }
    let is_help = |command: &&mut clap::Command| command.get_name() != "help";
    for noun in command.get_subcommands_mut().filter(is_help) {
        let verbs: Vec<&mut clap::Command> = noun.get_subcommands_mut().filter(is_help).collect();
        if verbs.is_empty() {
            let help = noun.render_long_help().to_string();
            assert!(help.contains("artstore "), "{help}");
        }
        for verb in noun.get_subcommands_mut().filter(is_help) {
            let help = verb.render_long_help().to_string();
            assert!(
                help.contains("Example:\n  artstore ") || help.contains("Examples:\n  artstore "),
                "{help}"
            );
        }
    }
}

#[test]
fn sizes_are_read_and_shown() {
    let read = [("1", 1), ("4096", 4096), ("1KiB", 1024), ("3MiB", 3 << 20), ("2TiB", 2 << 40)];
    for (text, bytes) in read {
        assert_eq!(parse_size(text).ok(), Some(bytes), "{text}");
    }
    for text in ["", "0", "-1", "1.5GiB", "GiB", "1XB", "99999999TiB", "1 potato"] {
        assert!(parse_size(text).is_err(), "{text}");
    }
    assert_eq!((parse_bound("0").ok(), parse_bound("2KiB").ok()), (Some(0), Some(2048)), "0 is none");
    assert!(parse_bound("-1").is_err());
    let shown = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (2 << 40, "2.0 TiB")];
    for (bytes, text) in shown {
        assert_eq!(show_size(bytes), text);
    }
}

#[test]
fn columns_are_as_wide_as_their_widest_cell() {
    let mut table = Table::new(["NAME", "MODE"]);
    table.push(["edit-01".to_owned(), "edit".to_owned()]);
    table.push(["архив".to_owned(), "rw".to_owned()]);
    assert_eq!(table.to_text(), "NAME     MODE\nedit-01  edit\nархив    rw\n");
}

#[test]
fn an_error_is_told_with_its_causes_and_what_to_do() {
    let error = Error::new(ErrorKind::Failed, "open log file")
        .about("/var/log/a")
        .remedy("make its folder writable")
        .caused_by(std::io::Error::from(std::io::ErrorKind::PermissionDenied));
    assert_eq!(
        describe(&error),
        "error: open log file /var/log/a\n  because: permission denied\n  what to do: make its folder writable\n"
    );
}
