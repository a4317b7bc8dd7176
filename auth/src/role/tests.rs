use super::*;

#[test]
fn every_role_has_one_form_in_json_and_on_the_command_line() {
    for role in Role::ALL {
        assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
        assert_eq!(role.as_str().to_lowercase().parse::<Role>().unwrap(), role);
    }
}

#[test]
fn an_unknown_role_is_refused_with_the_choices() {
    let error = "ROOT".parse::<Role>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(error.to_string(), "read role \"ROOT\": expected ADMIN, USER, READONLY or AUDITOR");
}
