//! What is generated from the field tables is committed and up to date.
//!
//! `UPDATE_GOLDENS=1 cargo test -p kepi-model` writes it anew.

use std::{collections::BTreeSet, fs, path::PathBuf};

use kepi_model::schema;

fn compare(file: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(file);
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is out of date: run with UPDATE_GOLDENS=1", path.display());
}

#[test]
fn the_schema_is_the_one_committed() {
    let schema = schema::json_schema();
    compare("kepi.schema.json", &format!("{}\n", serde_json::to_string_pretty(&schema).unwrap()));
    // Every reference leads somewhere.
    let text = schema.to_string();
    let definitions: BTreeSet<&str> =
        schema["$defs"].as_object().unwrap().keys().map(String::as_str).collect();
    for reference in text.split("#/$defs/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(definitions.contains(name), "{name}");
    }
}

#[test]
fn the_reference_of_fields_is_the_one_committed() {
    let fields = schema::fields_markdown();
    compare("fields.md", &fields);
    let mut headings = BTreeSet::new();
    for heading in fields.lines().filter(|line| line.starts_with('#')) {
        assert!(
            headings.insert(heading),
            "two have one name, so that a reference to one leads to the other: {heading}"
        );
    }
}

#[test]
fn the_entities_of_the_language_page_are_the_built_in_ones() {
    let page = fs::read_to_string(
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/language.md"),
    )
    .unwrap();
    let entities = schema::entities();
    for entity in entities.as_array().unwrap() {
        let name = entity["entity"].as_str().unwrap();
        let line = page
            .lines()
            .find(|l| l.starts_with(&format!("| `{name}` |")))
            .unwrap_or_else(|| panic!("{name}"));
        for attribute in entity["attributes"].as_array().unwrap() {
            let attribute = attribute["attribute"].as_str().unwrap();
            assert!(attribute == "id" || line.contains(&format!("`{attribute}`")), "{name}.{attribute}");
        }
        assert!(entity["attributes"].as_array().unwrap().len() >= 5);
    }
    assert_eq!(entities.as_array().unwrap().len(), 22);
}
