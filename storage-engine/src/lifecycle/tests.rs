//! Claims about rules: which are valid, how days are counted, and what is due of a version.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::ErrorKind;
use crate::mode::Mode;

const DAY: u64 = 86_400_000;
/// 2026-11-20, half past ten.
const CREATED: u64 = 20_777 * DAY + 37_800_000;

fn rule(id: &str) -> Rule {
    Rule {
        id: id.to_owned(),
        is_enabled: true,
        scope: Scope::Filter(Filter::default()),
        expiration: None,
        noncurrent_expiration: None,
        abort_upload_days: None,
        transitions: Vec::new(),
        noncurrent_transitions: Vec::new(),
    }
}

fn expiring(id: &str, days: u32) -> Rule {
    Rule { expiration: Some(Expiration::Days(days)), ..rule(id) }
}

fn moving(id: &str, days: u32, class: TransitionClass) -> Rule {
    Rule { transitions: vec![Transition { at: When::Days(days), class }], ..rule(id) }
}

fn lifecycle(rules: impl IntoIterator<Item = Rule>) -> Lifecycle {
    let default_minimum_size = DefaultMinimumSize::AllStorageClasses128K;
    Lifecycle { default_minimum_size, rules: rules.into_iter().collect() }
}

fn object(key: &str) -> Candidate<'_> {
    Candidate {
        key,
        size: 1 << 20,
        created_ms: CREATED,
        mode: Mode::Edit,
        is_marker: false,
        standing: Standing::Current,
        tags: None,
    }
}

fn noncurrent(since_ms: u64, newer: u32) -> Candidate<'static> {
    Candidate { standing: Standing::Noncurrent { since_ms, newer }, ..object("k") }
}

#[track_caller]
fn check_refused(rules: impl IntoIterator<Item = Rule>, kind: ErrorKind, part: &str) {
    let error = lifecycle(rules).check().expect_err("it is refused");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.reason().is_some_and(|reason| reason.contains(part)), "{error}");
}

/// The example of the User Guide, "Understanding object expiration": made on the 15th at 10:30, by three days,
/// expires on the 19th at midnight.
#[test]
fn days_end_with_the_midnight_after_them() {
    assert_eq!(Midnight::after(CREATED, 3).ms(), (20_777 + 4) * DAY);
    assert_eq!(Midnight::after(CREATED, 0).ms(), (20_777 + 1) * DAY);
    assert_eq!(Midnight::after(20_777 * DAY, 1).ms(), (20_777 + 2) * DAY, "never before the days are over");
    assert_eq!(Midnight::after(u64::MAX - 1, u32::MAX).ms() % DAY, 0, "the end of time is no overflow");
    let rules = lifecycle([expiring("three", 3)]);
    let due = Midnight::after(CREATED, 3).ms();
    assert_eq!(rules.judge(&object("k"), due - 1), Judgement::Nothing);
    assert_eq!(rules.judge(&object("k"), due), Judgement::Expire { rule: "three" });
}

#[test]
fn a_rule_concerns_what_its_filter_says() {
    let tags = BTreeMap::from([("kind".to_owned(), "draft".to_owned()), ("case".to_owned(), "7".to_owned())]);
    let due = CREATED + 10 * DAY;
    let judged = |filter: &Filter, candidate: &Candidate<'_>| {
        let rule = Rule { scope: Scope::Filter(filter.clone()), ..expiring("r", 1) };
        lifecycle([rule]).judge(candidate, due) != Judgement::Nothing
    };
    let prefix = Filter { prefix: Some("logs/".into()), ..Filter::default() };
    assert!(judged(&prefix, &object("logs/a")));
    assert!(!judged(&prefix, &object("log")));
    let sizes = Filter { size_above: Some(100), size_below: Some(200), ..Filter::default() };
    for (size, is_concerned) in [(100, false), (101, true), (199, true), (200, false)] {
        assert_eq!(judged(&sizes, &Candidate { size, ..object("k") }), is_concerned, "{size}");
    }
    let both = Filter { prefix: Some("k".into()), tags: tags.clone(), ..Filter::default() };
    let tagged = |tags| Candidate { tags: Some(tags), ..object("k") };
    let partly = BTreeMap::from([("kind".to_owned(), "draft".to_owned())]);
    assert!(judged(&both, &tagged(&tags)));
    assert!(!judged(&both, &tagged(&partly)));
    let marker = Candidate { is_marker: true, size: 0, ..noncurrent(CREATED, 9) };
    let rule = |filter: &Filter| Rule {
        scope: Scope::Filter(filter.clone()),
        noncurrent_expiration: Some(NoncurrentExpiration { days: 1, newer_versions: None }),
        ..rule("r")
    };
    let below = Filter { size_below: Some(10), ..Filter::default() };
    assert_eq!(lifecycle([rule(&below)]).judge(&marker, due), Judgement::Nothing, "a marker has no size");
    let older = Rule { scope: Scope::Prefix("k".into()), ..expiring("older", 1) };
    assert_eq!(lifecycle([older]).judge(&object("k"), due), Judgement::Expire { rule: "older" });
    let disabled = Rule { is_enabled: false, ..expiring("off", 1) };
    assert_eq!(lifecycle([disabled]).judge(&object("k"), due), Judgement::Nothing);
}

/// Tags are asked for only where something is due that they decide.
#[test]
fn tags_are_asked_for_when_they_decide() {
    let tags = BTreeMap::from([("kind".to_owned(), "draft".to_owned())]);
    let tagged = Filter { tags: tags.clone(), ..Filter::default() };
    let rules = lifecycle([Rule { scope: Scope::Filter(tagged), ..expiring("drafts", 5) }]);
    assert_eq!(rules.judge(&object("k"), CREATED + DAY), Judgement::Nothing);
    assert_eq!(rules.judge(&object("k"), CREATED + 9 * DAY), Judgement::AskTags);
    let none = BTreeMap::new();
    let known = |tags| Candidate { tags: Some(tags), ..object("k") };
    assert_eq!(rules.judge(&known(&none), CREATED + 9 * DAY), Judgement::Nothing);
    assert_eq!(rules.judge(&known(&tags), CREATED + 9 * DAY), Judgement::Expire { rule: "drafts" });
    assert_eq!(rules.expiry(&object("k")), None, "nobody is told what is not known");
}

/// Nothing expires by itself where documents are final; a delete marker holds no document.
#[test]
fn only_edit_expires() {
    let rules = lifecycle([Rule {
        noncurrent_expiration: Some(NoncurrentExpiration { days: 1, newer_versions: None }),
        ..expiring("r", 1)
    }]);
    let now = CREATED + 9 * DAY;
    for mode in [Mode::Rw, Mode::Ro, Mode::Ar] {
        let current = Candidate { mode, ..object("k") };
        assert_eq!(rules.judge(&current, now), Judgement::AwaitDisposal { rule: "r" }, "{mode}");
        assert_eq!(rules.expiry(&current), None, "{mode}");
        let old = Candidate { mode, ..noncurrent(CREATED, 3) };
        assert_eq!(rules.judge(&old, now), Judgement::AwaitDisposal { rule: "r" }, "{mode}");
        let marker = Candidate { is_marker: true, ..old };
        assert_eq!(rules.judge(&marker, now), Judgement::Expire { rule: "r" }, "{mode}");
    }
}

#[test]
fn expiry_comes_before_transition_and_the_coldest_class_is_chosen() {
    let far = CREATED + 100 * DAY;
    let warm = moving("warm", 1, TransitionClass::StandardIa);
    let cold = moving("cold", 2, TransitionClass::GlacierIr);
    let rules = lifecycle([warm.clone(), cold.clone()]);
    let to = TransitionClass::GlacierIr;
    assert_eq!(rules.judge(&object("k"), far), Judgement::Transition { rule: "cold", to });
    let on_rw = Candidate { mode: Mode::Rw, ..object("k") };
    assert_eq!(rules.judge(&on_rw, far), Judgement::Transition { rule: "cold", to });
    let there = Candidate { mode: Mode::Ro, ..object("k") };
    assert_eq!(rules.judge(&there, far), Judgement::Nothing, "it is there");
    let rules = lifecycle([warm, cold, expiring("late", 30), expiring("early", 20)]);
    assert_eq!(rules.judge(&object("k"), far), Judgement::Expire { rule: "early" });
    assert_eq!(rules.expiry(&object("k")), Some((Midnight::after(CREATED, 20), "early")));
    let early = CREATED + 19 * DAY;
    assert!(matches!(rules.judge(&object("k"), early), Judgement::Transition { .. }));
}

/// Small objects stay where they are, unless the rule names a size or the bucket says otherwise for the class.
#[test]
fn small_objects_move_only_where_it_is_said() {
    let small = Candidate { size: 128 * 1024 - 1, ..object("k") };
    let now = CREATED + 9 * DAY;
    let to = TransitionClass::Glacier;
    let rule = moving("r", 1, to);
    let mut rules = lifecycle([rule.clone()]);
    assert_eq!(rules.judge(&small, now), Judgement::Nothing);
    let large = Candidate { size: 128 * 1024, ..object("k") };
    assert_eq!(rules.judge(&large, now), Judgement::Transition { rule: "r", to });
    rules.default_minimum_size = DefaultMinimumSize::VariesByStorageClass;
    assert_eq!(rules.judge(&small, now), Judgement::Transition { rule: "r", to });
    let warm = Lifecycle { rules: vec![moving("r", 1, TransitionClass::StandardIa)], ..rules };
    assert_eq!(warm.judge(&small, now), Judgement::Nothing);
    let any = Filter { size_above: Some(0), ..Filter::default() };
    let sized = Rule { scope: Scope::Filter(any), ..rule };
    assert_eq!(lifecycle([sized]).judge(&small, now), Judgement::Transition { rule: "r", to });
}

#[test]
fn noncurrent_age_counts_from_the_successor_and_the_newest_stay() {
    let kept = NoncurrentExpiration { days: 2, newer_versions: Some(3) };
    let rules = lifecycle([Rule { noncurrent_expiration: Some(kept), ..rule("r") }]);
    let since = CREATED + 50 * DAY;
    assert_eq!(
        rules.judge(&noncurrent(since, 3), since + DAY),
        Judgement::Nothing,
        "made long ago, and hidden lately"
    );
    assert_eq!(rules.judge(&noncurrent(since, 3), since + 3 * DAY), Judgement::Expire { rule: "r" });
    assert_eq!(rules.judge(&noncurrent(since, 2), since + 300 * DAY), Judgement::Nothing);
    assert_eq!(
        rules.judge(&object("k"), since + 300 * DAY),
        Judgement::Nothing,
        "the current version is no matter of it"
    );
    let to = TransitionClass::StandardIa;
    let moved = NoncurrentTransition { days: 2, newer_versions: None, class: to };
    let rules = lifecycle([Rule { noncurrent_transitions: vec![moved], ..rule("m") }]);
    assert_eq!(rules.judge(&noncurrent(since, 0), since + 3 * DAY), Judgement::Transition { rule: "m", to });
    assert_eq!(rules.judge(&object("k"), since + 300 * DAY), Judgement::Nothing);
}

/// A delete marker in front goes by its age, or at once where the rule says so; only whoever carries it out can
/// tell whether it is alone.
#[test]
fn markers_go_by_age_or_at_once() {
    let marker = Candidate { is_marker: true, size: 0, ..object("k") };
    let aged = lifecycle([expiring("aged", 5)]);
    assert_eq!(aged.judge(&marker, CREATED + DAY), Judgement::Nothing);
    assert_eq!(aged.judge(&marker, CREATED + 6 * DAY), Judgement::RemoveMarker { rule: "aged" });
    let at_once = |goes| {
        let expiration = Some(Expiration::ExpiredObjectDeleteMarker(goes));
        lifecycle([Rule { expiration, ..rule("at once") }])
    };
    assert_eq!(at_once(true).judge(&marker, CREATED), Judgement::RemoveMarker { rule: "at once" });
    assert_eq!(at_once(false).judge(&marker, CREATED + 99 * DAY), Judgement::Nothing);
    assert_eq!(at_once(true).judge(&object("k"), CREATED + 99 * DAY), Judgement::Nothing);
}

#[test]
fn uploads_end_by_the_earliest_rule() {
    let within = |id: &str, prefix: &str, days| Rule {
        scope: Scope::Prefix(prefix.to_owned()),
        abort_upload_days: Some(days),
        ..rule(id)
    };
    let rules = lifecycle([within("all", "", 9), within("tmp", "tmp/", 2), expiring("r", 1)]);
    assert_eq!(rules.upload_expiry("tmp/a", CREATED), Some((Midnight::after(CREATED, 2), "tmp")));
    assert_eq!(rules.upload_expiry("a", CREATED), Some((Midnight::after(CREATED, 9), "all")));
    assert_eq!(lifecycle([expiring("r", 1)]).upload_expiry("a", CREATED), None);
}

#[test]
fn what_is_not_valid_is_refused() {
    use ErrorKind::{InvalidArgument, InvalidRequest};
    check_refused([], InvalidArgument, "from one");
    let many = (0..=RULES_MAX).map(|number| expiring(&number.to_string(), 1));
    check_refused(many, InvalidArgument, "1000");
    check_refused([expiring("a", 1), expiring("a", 2)], InvalidArgument, "unique");
    check_refused([expiring(&"i".repeat(256), 1)], InvalidArgument, "255");
    check_refused([rule("idle")], InvalidRequest, "one action");
    check_refused([expiring("zero", 0)], InvalidArgument, "positive");
    let old = |days, newer_versions| Rule {
        noncurrent_expiration: Some(NoncurrentExpiration { days, newer_versions }),
        ..rule("old")
    };
    check_refused([old(0, None)], InvalidArgument, "positive");
    check_refused([old(1, Some(0))], InvalidArgument, "between 1 and 100");
    check_refused([old(1, Some(101))], InvalidArgument, "between 1 and 100");
    check_refused([Rule { abort_upload_days: Some(0), ..rule("r") }], InvalidArgument, "positive");
    let filtered = |filter, rule| Rule { scope: Scope::Filter(filter), ..rule };
    let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let tagged = Filter { tags, ..Filter::default() };
    let sized = Filter { size_above: Some(5), ..Filter::default() };
    let abort = Rule { abort_upload_days: Some(1), ..rule("r") };
    check_refused([filtered(tagged.clone(), abort.clone())], InvalidRequest, "Tags");
    check_refused([filtered(sized, abort)], InvalidRequest, "object size");
    let markers = Rule { expiration: Some(Expiration::ExpiredObjectDeleteMarker(true)), ..rule("r") };
    check_refused([filtered(tagged, markers)], InvalidRequest, "Tags");
    let nothing = Filter { size_above: Some(5), size_below: Some(5), ..Filter::default() };
    check_refused([filtered(nothing, expiring("r", 1))], InvalidRequest, "ObjectSizeLessThan");
    let long = Filter { prefix: Some("p".repeat(1025)), ..Filter::default() };
    check_refused([filtered(long, expiring("r", 1))], InvalidRequest, "1024");
    let older = Rule { scope: Scope::Prefix(String::new()), ..expiring("older", 1) };
    check_refused([older, expiring("r", 1)], InvalidRequest, "Base level prefix");
    let step = |days, class| Transition { at: When::Days(days), class };
    let steps = |transitions, expiration| Rule { transitions, expiration, ..rule("r") };
    let twice = vec![step(1, TransitionClass::Glacier), step(2, TransitionClass::Glacier)];
    check_refused([steps(twice, None)], InvalidRequest, "different");
    let backwards = vec![step(9, TransitionClass::StandardIa), step(2, TransitionClass::GlacierIr)];
    check_refused([steps(backwards, None)], InvalidArgument, "later");
    let late = vec![step(5, TransitionClass::StandardIa)];
    check_refused([steps(late.clone(), Some(Expiration::Days(5)))], InvalidArgument, "greater");
    let midnight = Midnight::new(DAY).unwrap();
    check_refused([steps(late.clone(), Some(Expiration::Date(midnight)))], InvalidRequest, "mixed");
    lifecycle([steps(late, Some(Expiration::Days(6)))]).check().unwrap();
    assert_eq!(Midnight::new(DAY + 1).unwrap_err().kind(), InvalidArgument);
}

/// A thousand of the largest rules do not fit into a bucket document, and are refused before they are tried.
#[test]
fn rules_have_a_bound_together() {
    let prefix =
        |number| Filter { prefix: Some(format!("{number}{}", "\u{1}".repeat(1000))), ..Filter::default() };
    let large = (0..RULES_MAX)
        .map(|number| Rule { scope: Scope::Filter(prefix(number)), ..expiring(&number.to_string(), 1) });
    check_refused(large, ErrorKind::InvalidRequest, "bytes of JSON");
    let plain = (0..RULES_MAX).map(|number| expiring(&number.to_string(), 1));
    lifecycle(plain).check().unwrap();
}

/// The form in the bucket document: a change of it is a change of the format.
#[test]
fn the_json_form_is_kept() {
    let tags = BTreeMap::from([("kind".to_owned(), "draft".to_owned())]);
    let filter = Filter { prefix: Some("a/".into()), tags, size_above: Some(1), size_below: None };
    let rules = lifecycle([
        Rule {
            scope: Scope::Filter(filter),
            noncurrent_expiration: Some(NoncurrentExpiration { days: 3, newer_versions: Some(5) }),
            transitions: vec![Transition { at: When::Days(0), class: TransitionClass::StandardIa }],
            ..expiring("one", 30)
        },
        Rule {
            scope: Scope::Prefix("b".into()),
            expiration: Some(Expiration::Date(Midnight::new(20_777 * DAY).unwrap())),
            abort_upload_days: Some(7),
            is_enabled: false,
            ..rule("two")
        },
    ]);
    let json = serde_json::to_string(&rules).unwrap();
    assert_eq!(
        json,
        concat!(
            r#"{"default_minimum_size":"all_storage_classes_128K","rules":["#,
            r#"{"id":"one","enabled":true,"scope":{"filter":{"prefix":"a/","tags":{"kind":"draft"},"size_above":1}},"#,
            r#""expiration":{"days":30},"noncurrent_expiration":{"days":3,"newer_versions":5},"#,
            r#""transitions":[{"at":{"days":0},"class":"STANDARD_IA"}]},"#,
            r#"{"id":"two","enabled":false,"scope":{"prefix":"b"},"#,
            r#""expiration":{"date":"2026-11-20T00:00:00.000Z"},"abort_upload_days":7}]}"#
        )
    );
    assert_eq!(serde_json::from_str::<Lifecycle>(&json).unwrap(), rules);
    let later = json.replacen(r#""id":"one""#, r#""id":"one","weekday":5"#, 1);
    assert!(serde_json::from_str::<Lifecycle>(&later).is_err(), "a rule that is not understood is none");
}

fn any_class() -> impl Strategy<Value = TransitionClass> {
    prop::sample::select(vec![
        TransitionClass::IntelligentTiering,
        TransitionClass::StandardIa,
        TransitionClass::OnezoneIa,
        TransitionClass::GlacierIr,
        TransitionClass::Glacier,
        TransitionClass::DeepArchive,
    ])
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let tags = prop::collection::btree_map("[ab]", "[xy]", 0..2);
    let size = || prop::option::of(0_u64..400_000);
    (prop::option::of("[ab]{0,2}"), tags, size(), size())
        .prop_map(|(prefix, tags, size_above, size_below)| Filter { prefix, tags, size_above, size_below })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let expiration = prop_oneof![
        (1_u32..40).prop_map(Expiration::Days),
        (20_760_u64..20_820).prop_map(|day| Expiration::Date(Midnight::new(day * DAY).unwrap())),
        any::<bool>().prop_map(Expiration::ExpiredObjectDeleteMarker),
    ];
    let old = (1_u32..40, prop::option::of(1_u32..5))
        .prop_map(|(days, newer_versions)| NoncurrentExpiration { days, newer_versions });
    let moves = (0_u32..40, any_class()).prop_map(|(days, class)| Transition { at: When::Days(days), class });
    let old_moves = (0_u32..40, prop::option::of(1_u32..5), any_class())
        .prop_map(|(days, newer_versions, class)| NoncurrentTransition { days, newer_versions, class });
    let actions = (
        prop::option::of(expiration),
        prop::option::of(old),
        prop::collection::vec(moves, 0..3),
        prop::collection::vec(old_moves, 0..3),
    );
    (any::<bool>(), any_filter(), actions).prop_map(|(is_enabled, filter, actions)| {
        let (expiration, noncurrent_expiration, transitions, noncurrent_transitions) = actions;
        Rule {
            is_enabled,
            scope: Scope::Filter(filter),
            expiration,
            noncurrent_expiration,
            transitions,
            noncurrent_transitions,
            ..rule("r")
        }
    })
}

proptest! {
    /// Whatever the rules: a version that expires does so on every later day too, none is judged before the
    /// youngest age of a rule, no document outside edit expires, and what a header promises is what is done.
    #[test]
    fn judgements_hold_together(
        rules in prop::collection::vec(any_rule(), 1..5),
        key in "[ab]{0,3}",
        size in 0_u64..500_000,
        mode in prop::sample::select(Mode::ALL.to_vec()),
        is_marker in any::<bool>(),
        newer in prop::option::of(0_u32..6),
        tags in prop::collection::btree_map("[ab]", "[xy]", 0..3),
        age_ms in 0_u64..60 * DAY,
    ) {
        let rules = lifecycle(rules);
        let standing = newer.map_or(Standing::Current, |newer| Standing::Noncurrent { since_ms: CREATED, newer });
        let unknown = Candidate { key: &key, size, mode, is_marker, standing, ..object("") };
        let candidate = Candidate { tags: Some(&tags), ..unknown };
        let now = CREATED + age_ms;
        let judged = rules.judge(&candidate, now);
        prop_assert_ne!(judged, Judgement::AskTags);
        if rules.judge(&unknown, now) == Judgement::Nothing {
            prop_assert_eq!(judged, Judgement::Nothing, "tags would have mattered");
        }
        let is_expiry = |judged| matches!(
            judged,
            Judgement::Expire { .. } | Judgement::RemoveMarker { .. } | Judgement::AwaitDisposal { .. }
        );
        if is_expiry(judged) {
            prop_assert!(is_expiry(rules.judge(&candidate, now + 100 * DAY)));
        }
        if matches!(judged, Judgement::Expire { .. }) {
            prop_assert!(mode == Mode::Edit || is_marker);
        }
        if let Judgement::Transition { to, .. } = judged {
            prop_assert!(to.mode() > mode && !is_marker);
        }
        if let Some((at, _)) = rules.expiry(&candidate) {
            prop_assert_eq!(matches!(judged, Judgement::Expire { .. }), at.ms() <= now);
        } else if standing == Standing::Current {
            let expires = matches!(judged, Judgement::Expire { .. });
            prop_assert!(!expires);
        }
        let json = serde_json::to_vec(&rules).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Lifecycle>(&json).unwrap(), rules);
    }
}
