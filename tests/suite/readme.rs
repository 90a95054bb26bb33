//! README and docs agree with the catalogue.

use e5_evergreen::domain::catalogue;
use e5_evergreen::local::catalogue_view;

const README: &str = include_str!("../../README.md");
const OPERATIONS: &str = include_str!("../../docs/operations.md");
const BEGIN: &str = "<!-- operations: held true by a test; `evergreen operations --markdown` prints it -->\n";
const END: &str = "<!-- /operations -->";

#[test]
fn documented_table_of_operations_matches_the_catalogue() {
    let (_, rest) = OPERATIONS.split_once(BEGIN).expect("the comment before the table");
    let (table, _) = rest.split_once(END).expect("the comment after the table");
    assert!(
        table == catalogue_view::markdown(),
        "put the output of `evergreen operations --markdown` between the comments"
    );
}

#[test]
fn readme_states_the_number_of_operations_and_services() {
    let services: std::collections::BTreeSet<_> = catalogue::all().map(|operation| operation.service).collect();
    let claim = format!("**{} Graph operations** in {} services", catalogue::all().count(), services.len());
    assert!(README.contains(&claim), "the README must say: {claim}");
}
