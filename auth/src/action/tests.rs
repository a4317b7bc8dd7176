use std::collections::BTreeSet;

use super::*;

#[test]
fn every_action_has_a_name_of_its_own_under_a_known_prefix() {
    let names: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    assert_eq!(names.len(), Action::ALL.len());
    for name in names {
        let bare = name.strip_prefix("s3:").or_else(|| name.strip_prefix("artstore:"));
        assert!(bare.is_some_and(|bare| bare.bytes().all(|byte| byte.is_ascii_alphabetic())), "{name}");
    }
}
