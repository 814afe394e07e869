//! The spelling of JSON, held against the examples of RFC 8785.

use kepi_proof::{NotCanonical, canonical, read};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn keys_are_sorted_by_utf16_as_in_rfc_8785_section_3_2_3() {
    let value: Value = serde_json::from_str(
        r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",
            "\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#,
    )
    .unwrap();
    let text = canonical(&value).unwrap();
    let order: Vec<usize> =
        ["Carriage Return", "One", "Control", "Latin Small", "Euro Sign", "Emoji", "Hebrew"]
            .iter()
            .map(|name| text.find(name).unwrap())
            .collect();
    assert!(order.is_sorted(), "{text}");
}

#[test]
fn texts_and_literals_are_spelled_as_in_rfc_8785_section_3_2_2() {
    // The example of the RFC without its floating-point numbers, which are refused here.
    let value: Value = serde_json::from_str(
        r#"{"numbers":[4, 2, 0, -1],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#,
    )
    .unwrap();
    assert_eq!(
        canonical(&value).unwrap(),
        "{\"literals\":[null,true,false],\"numbers\":[4,2,0,-1],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
    );
    assert_eq!(
        canonical(&json!("\u{8}\t\n\u{c}\r\u{1f}\u{7f}")).unwrap(),
        "\"\\b\\t\\n\\f\\r\\u001f\u{7f}\""
    );
}

#[test]
fn numbers_that_a_reader_could_not_hold_are_refused() {
    for ok in ["9007199254740991", "-9007199254740991", "0"] {
        let value: Value = serde_json::from_str(ok).unwrap();
        assert_eq!(canonical(&value).unwrap(), ok);
    }
    for refused in
        ["9007199254740992", "-9007199254740992", "18446744073709551615", "1.0", "1e3", "-0", "0.1"]
    {
        let value: Value = serde_json::from_str(refused).unwrap();
        assert!(matches!(canonical(&value), Err(NotCanonical::Number(_))), "{refused}");
    }
}

#[test]
fn another_spelling_is_not_read() {
    assert_eq!(read(r#"{"a":1,"b":[]}"#).unwrap(), json!({"a": 1, "b": []}));
    for other in [r#"{"b":[],"a":1}"#, r#"{"a": 1,"b":[]}"#, r#"{"a":1,"a":1}"#, r#""\u0041""#, r#""\/""#] {
        assert_eq!(read(other), Err(NotCanonical::Spelling), "{other}");
    }
    assert!(matches!(read("{"), Err(NotCanonical::Json(_))));
}

fn values() -> impl Strategy<Value = Value> {
    let whole = -9_007_199_254_740_991i64..=9_007_199_254_740_991;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        whole.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_and_has_one_spelling(value in values()) {
        let text = canonical(&value).unwrap();
        prop_assert_eq!(&read(&text).unwrap(), &value);
        prop_assert_eq!(canonical(&read(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn reading_never_panics(text in any::<String>()) {
        let _ = read(&text);
    }
}
