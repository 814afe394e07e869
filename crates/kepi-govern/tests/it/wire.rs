//! The form of events: what is written is read back byte for byte, and nothing in it is anybody's words.

use kepi_govern::{
    Recorded, plain,
    wire::{KINDS, read, write},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::arbitrary::event;

/// Every text in a value.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|v| texts(v, found)),
        Value::Object(members) => members.values().for_each(|v| texts(v, found)),
        _ => {}
    }
}

fn recorded(event: &kepi_govern::Event, cause: Option<u64>) -> Recorded {
    let written = write(event).unwrap();
    Recorded::of_parts(
        7,
        1_767_225_600_000_000,
        "person/1",
        written.kind,
        written.v,
        written.subject.as_str(),
        3,
        cause,
        written.body,
    )
    .unwrap()
}

proptest! {
    #[test]
    fn every_event_reads_back_byte_for_byte(event in event(), cause in proptest::option::of(0..9u64)) {
        let written = write(&event).unwrap();
        let again = read(written.kind, written.v, &written.subject, &written.body).unwrap();
        prop_assert_eq!(&again, &event);
        prop_assert_eq!(write(&again).unwrap(), written.clone());
        prop_assert!(KINDS.contains(&(written.kind, written.v)));
        let recorded = recorded(&event, cause);
        let line = recorded.line().unwrap();
        prop_assert_eq!(&Recorded::read_line(&line).unwrap(), &recorded);
        prop_assert_eq!(recorded.event().unwrap(), event);
    }

    #[test]
    fn no_text_in_a_body_can_be_a_persons_words(event in event()) {
        let body: Value = serde_json::from_str(&write(&event).unwrap().body).unwrap();
        let mut found = Vec::new();
        texts(&body, &mut found);
        for text in found {
            prop_assert!(plain::is_plain(text), "{}", text);
        }
    }

    #[test]
    fn reading_never_panics(kind in "[a-z.]{0,20}", v in 0..3u32, body in any::<String>(), at in 0..KINDS.len()) {
        let subject = kepi_govern::Subject::register();
        let _ = read(&kind, v, &subject, &body);
        let _ = read(KINDS[at].0, v, &subject, &body);
        let _ = Recorded::read_line(&body);
    }
}

#[test]
fn words_do_not_fit_into_an_event() {
    for words in ["Anna Smith", "anna@example.org", "Überraschung", "", "a\nb"] {
        assert!(!plain::is_plain(words), "{words}");
    }
    assert!("anna smith".parse::<kepi_govern::DocumentId>().is_err());
    assert!(
        "person/anna".parse::<kepi_govern::DocumentId>().is_err(),
        "the name of a person is committed to"
    );
    assert!("anna".parse::<kepi_govern::Principal>().is_err());
    assert!("person/07".parse::<kepi_govern::Principal>().is_err(), "one spelling each");
    let engine = plain::Engine::named("datafusion 55.2.0 / kepi 0.1.0").unwrap();
    assert_eq!(engine.as_str(), "datafusion/55.2.0+kepi/0.1.0");
}

#[test]
fn a_newer_or_foreign_event_is_named_and_not_guessed() {
    let subject = kepi_govern::Subject::register();
    let refused = read("definition.adopted", 2, &subject, "{}").unwrap_err().to_string();
    assert!(refused.contains("version 2 is not known here"), "{refused}");
    assert!(read("item.opened", 1, &subject, "{}").unwrap_err().to_string().contains("`item.opened`"));
    let extra = r#"{"extra":1,"from":"ever","texts":[]}"#;
    assert!(read("definition.adopted", 1, &subject, extra).is_err(), "what is not understood is not dropped");
}
