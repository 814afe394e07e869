//! Commitments to texts.

use kepi_proof::{Commitment, Digest, Salt};

#[test]
fn it_is_the_hash_of_salt_and_text() {
    let salt = Salt([7; 32]);
    let by_hand = Digest::of(&[[7u8; 32].as_slice(), "für Ana".as_bytes()].concat());
    let commitment = Commitment::to(&salt, "für Ana");
    assert_eq!(commitment.0, by_hand.0);
    assert!(commitment.is_to(&salt, "für Ana"));
    assert!(!commitment.is_to(&salt, "für Eva"));
    assert!(!commitment.is_to(&Salt([8; 32]), "für Ana"));
}

#[test]
fn its_wire_form_is_64_lower_case_hexadecimal_digits() {
    // SHA-256 of 32 zero bytes, `printf '%064d' 0 | xxd -r -p | sha256sum`.
    let text = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
    let commitment = Commitment::to(&Salt([0; 32]), "");
    assert_eq!(commitment.to_string(), text);
    assert_eq!(text.parse::<Commitment>().unwrap(), commitment);
    assert_eq!(serde_json::to_string(&commitment).unwrap(), format!("\"{text}\""));
    for wrong in [&text[1..], &text.to_uppercase(), &format!("{text}0"), "", &text.replace('6', "g")] {
        assert!(wrong.parse::<Commitment>().is_err(), "{wrong}");
    }
}
