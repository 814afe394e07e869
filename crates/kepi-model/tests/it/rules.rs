//! Validation rules of an entity: they hold for the rows of every source, whoever delivers them, and a source only adds to them.

use kepi_model::{codes, project::Otherwise};

use crate::base::{checked, files, short};

const UNITS: &str = "entity: ticket\nrules:\n  - {name: closed_after_opened, require: solved_at >= opened_at, else: quarantine}\n  - {name: some, require: rows >= 1, else: warn}\n---\n\
    source: of_north\ninto: ticket\nunit: north\nfrom: {csv: {files: data/tickets_n.csv}}\nmode: append\n\
    map:\n  id: {column: id, as: text}\n  opened_at: {column: at, as: timestamp}\n  solved_at: {column: done, as: timestamp}\n---\n\
    source: of_south\ninto: ticket\nunit: south\nfrom: {csv: {files: data/tickets_s.csv}}\nmode: append\n\
    map:\n  id: {column: id, as: text}\n  opened_at: {column: at, as: timestamp}\n  solved_at: {column: done, as: timestamp}\n\
    rules:\n  - {name: NAME, require: rows >= 80% of median of 14 loads, else: stop}\n";

#[test]
fn rules_of_an_entity_hold_for_the_rows_of_every_unit_and_a_source_only_adds_to_them() {
    let with = |name: &str| {
        let mut files = files();
        files.push(("units.yml".to_owned(), UNITS.replace("NAME", name)));
        checked(&files)
    };
    let found = with("as_many_as_ever");
    let project = found.value.unwrap_or_else(|| panic!("{}", short(&found.findings)));
    let rules = |source: &str| -> Vec<(String, Otherwise)> {
        let source = &project.sources[&source.parse().unwrap()];
        source.rules.iter().map(|rule| (rule.id.to_string(), rule.otherwise)).collect()
    };
    let shared =
        [("closed_after_opened".to_owned(), Otherwise::Quarantine), ("some".to_owned(), Otherwise::Warn)];
    assert_eq!(rules("of_north"), shared);
    assert_eq!(rules("of_south")[..2], shared);
    assert_eq!(rules("of_south")[2].0, "as_many_as_ever");
    // Who has other rules lands other rows.
    let hash = |source: &str| project.sources[&source.parse().unwrap()].hash;
    assert_ne!(hash("of_north"), hash("of_south"));
    // In place of the shared one none comes: that it is another of the same name is an error where it stands.
    let found = with("closed_after_opened");
    let twice = found.findings.iter().find(|of| of.code == codes::RULE_TWICE).unwrap();
    assert_eq!(twice.message, "the rule of this name is that of `ticket`, and holds for all its sources");
    assert!(found.value.is_none());
}
