//! README and docs tell the truth about the catalogue.

use e5_evergreen::domain::catalogue;
use e5_evergreen::local::catalogue_view;

const README: &str = include_str!("../../README.md");
const OPERATIONS: &str = include_str!("../../docs/operations.md");
const BEGIN: &str = "<!-- operations: held true by a test; `evergreen operations --markdown` prints it -->\n";
const END: &str = "<!-- /operations -->";

#[test]
fn the_documented_table_of_operations_is_the_catalogue() {
    let (_, rest) = OPERATIONS.split_once(BEGIN).expect("the mark before the table");
    let (table, _) = rest.split_once(END).expect("the mark after the table");
    assert!(table == catalogue_view::markdown(), "put what `evergreen operations --markdown` prints between the marks");
}

#[test]
fn the_readmes_number_of_operations_and_services_is_right() {
    let services: std::collections::BTreeSet<_> = catalogue::all().map(|operation| operation.service).collect();
    let claim = format!("**{} Graph operations** in {} services", catalogue::all().count(), services.len());
    assert!(README.contains(&claim), "the README must say: {claim}");
}
