//! The table of all groups, and the search in it.

use super::row::LoginCode;
use super::{app, conditional_access, consent, federated, secret_fields, service, sign_in, tenant_shut, user};

/// Each sorted by code.
const GROUPS: [&[LoginCode]; 9] = [
    app::ROWS,
    conditional_access::ROWS,
    consent::ROWS,
    federated::ROWS,
    secret_fields::ROWS,
    service::ROWS,
    sign_in::ROWS,
    tenant_shut::ROWS,
    user::ROWS,
];

pub(in crate::domain::cause) fn find(code: u32) -> Option<&'static LoginCode> {
    GROUPS.iter().find_map(|rows| rows.binary_search_by_key(&code, |row| row.code).ok().map(|index| &rows[index]))
}

#[cfg(test)]
pub(in crate::domain::cause) fn rows() -> impl Iterator<Item = &'static LoginCode> {
    GROUPS.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::domain::cause::kind::CauseKind;
    use crate::domain::cause::login_codes::row::LoginClass;
    use crate::domain::cause::login_codes::symbolic_names::{NAMES, symbolic_name};

    #[test]
    fn each_row_is_complete_in_english_and_chinese() {
        for LoginCode { code, what, remedy, .. } in rows() {
            for text in [what, remedy] {
                let english = text.en.len() > 10 && text.en.contains(' ') && text.en.is_ascii();
                assert!(english && !text.en.ends_with(['.', ' ']) && !text.en.contains("  "), "{code}: {}", text.en);
                let chinese = text.zh.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
                assert!(chinese >= 4 && !text.zh.ends_with(['。', '.', ' ']), "{code}: {}", text.zh);
                let prose = text.zh.split('`').step_by(2).collect::<Vec<_>>().join("`");
                assert!(!prose.contains([',', ';', '(', ')']) && !prose.contains("  "), "{code}: {}", text.zh);
            }
            // `code: what. remedy.` is taken apart at the first full stop.
            assert!(!what.en.contains(". ") && !what.en.contains("AADSTS") && !what.en.starts_with("The "), "{code}");
            assert!(!what.en.starts_with(|c: char| c.is_uppercase()) || what.en.split(' ').next().is_some_and(proper));
            assert!(remedy.en.starts_with(char::is_uppercase), "{code}: {}", remedy.en);
        }
    }

    fn proper(word: &str) -> bool {
        ["Active", "Graph", "MFA", "Microsoft"].contains(&word)
    }

    #[test]
    fn groups_are_sorted_and_no_code_is_there_twice_or_has_but_a_name() {
        for rows in GROUPS {
            assert!(rows.is_sorted_by(|a, b| a.code < b.code), "the group of {}", rows[0].code);
        }
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
        let mut seen = BTreeSet::new();
        for code in rows().map(|row| row.code).chain(NAMES.iter().map(|(code, _)| *code)) {
            assert!(seen.insert(code), "{code} is there twice");
        }
        assert!(rows().all(|row| find(row.code).is_some_and(|found| found.code == row.code)));
        assert_eq!((find(123_456).map(|row| row.code), symbolic_name(123_456)), (None, None));
    }

    #[test]
    fn each_code_has_a_cause_of_its_own_wording() {
        for text in [|row: &LoginCode| row.what.en, |row: &LoginCode| row.what.zh] {
            let mut seen = BTreeMap::new();
            for row in rows() {
                let before = seen.insert(text(row), row.code);
                assert_eq!(before, None, "{} has the words of another: {}", row.code, text(row));
            }
        }
    }

    #[test]
    fn what_passes_is_the_services_own_or_waits_for_another_and_never_a_shut_tenant() {
        for row in rows() {
            let passes = row.class == LoginClass::Transient;
            assert!(!passes || !matches!(row.kind, CauseKind::TenantShut | CauseKind::Consent), "{}", row.code);
            assert!(row.kind != CauseKind::Service || row.class != LoginClass::Misconfigured, "{}", row.code);
        }
    }
}
