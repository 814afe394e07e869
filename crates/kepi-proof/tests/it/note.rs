//! Signed notes, held against the test vectors of RFC 8032 § 7.1 and the example of Go's `golang.org/x/mod/sumdb/note`
//! (v0.20.0), and checkpoints in the form of c2sp.org/tlog-checkpoint.

use kepi_proof::{
    Checkpoint, Digest, Key, NoteError, PublicKey,
    checkpoint::{handed_over, notes},
    note::{DASH as DASH_AS_WRITTEN, open},
};

const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNATURE: &str =
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

#[test]
fn a_note_is_the_one_that_go_signs() {
    let key: Key = SECRET.parse().unwrap();
    assert_eq!((key.secret(), key.public().to_string()), (SECRET.to_owned(), PUBLIC.to_owned()));
    let note = format!("{TEXT}\n{DASH_AS_WRITTEN}PeterNeumann {SIGNATURE}\n");
    assert_eq!(key.sign(TEXT).unwrap(), note);
    let public: PublicKey = PUBLIC.parse().unwrap();
    assert_eq!(public, key.public());
    assert_eq!(open(&note, &[public]), Ok(TEXT));
    assert_eq!(format!("{key:?}"), "Key(PeterNeumann)", "nothing shows the secret");
}

#[test]
fn keys_are_those_of_rfc_8032() {
    for (secret, public) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        ),
    ] {
        let seed: Digest = secret.parse().unwrap();
        let text = Key::from_seed("x", &seed.0).unwrap().public().to_string();
        use base64::Engine as _;
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(text.splitn(3, '+').nth(2).unwrap()).unwrap();
        let hex: String = bytes[1..].iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, public);
    }
}

fn key(seed: u8) -> Key {
    Key::from_seed("kepi/log", &[seed; 32]).unwrap()
}

#[test]
fn every_bit_of_a_signed_checkpoint_counts() {
    let checkpoint = Checkpoint { origin: "kepi/log".into(), size: 17, root: Digest([7; 32]) };
    let (mine, known) = (key(1), [key(1).public()]);
    let note = checkpoint.sign(&mine).unwrap();
    assert_eq!(Checkpoint::open(&note, &known).unwrap(), checkpoint);
    assert_eq!(Checkpoint::read(&note).unwrap(), checkpoint);
    let mut flipped = 0;
    // A signature takes long to verify in a build for debugging: a seventh of the bits then, every byte among them.
    let step = if std::env::var_os("KEPI_COUNT").is_some() { 1 } else { 7 };
    for at in (0..note.len() * 8).step_by(step) {
        let mut bytes = note.clone().into_bytes();
        bytes[at / 8] ^= 1 << (at % 8);
        let Ok(text) = String::from_utf8(bytes) else { continue };
        // Base64 has bits at its end that mean nothing; a reader that is strict refuses others than zeros.
        let opened = Checkpoint::open(&text, &known);
        assert!(opened.is_err(), "bit {at}: {text}");
        flipped += 1;
    }
    assert!(flipped > note.len() / 2, "{flipped}");
}

#[test]
fn a_key_hands_over_to_the_next_and_nobody_else_does() {
    let at = |size| Checkpoint { origin: "kepi/log".into(), size, root: Digest([7; 32]) };
    let (first, second, third) = (key(1).public(), key(2).public(), key(3).public());
    let (one, two) = ([key(1).public()], [key(2).public()]);
    let notes = [at(9).hand_over(&key(2), &third).unwrap(), at(5).hand_over(&key(1), &second).unwrap()];
    // It is a checkpoint like others, to those who know nothing of handing over.
    assert_eq!(Checkpoint::open(&notes[1], &one).unwrap(), at(5));
    let all = handed_over(&one, notes.iter());
    assert_eq!(all, [first, second.clone(), third.clone()], "one after the other, in whatever order");
    assert_eq!(handed_over(&two, notes.iter()), [second.clone(), third], "never back");
    // What a stranger signs hands over nothing, nor what was changed.
    let strange = [at(5).hand_over(&key(9), &second).unwrap(), at(5).sign(&key(1)).unwrap()];
    assert_eq!(handed_over(&one, strange.iter()), one);
    let changed = [notes[1].replace(&second.to_string(), &key(9).public().to_string())];
    assert_eq!(handed_over(&one, changed.iter()), one);
}

#[test]
fn what_is_no_note_says_why() {
    let checkpoint = Checkpoint { origin: "kepi/log".into(), size: 3, root: Digest([7; 32]) };
    let note = checkpoint.sign(&key(1)).unwrap();
    let stranger = Checkpoint::open(&note, &[key(2).public()]).unwrap_err();
    assert!(matches!(&stranger, NoteError::Unknown(who) if who.starts_with("kepi/log+")), "{stranger}");
    assert!(matches!(Checkpoint::open(&note, &[]), Err(NoteError::Unknown(_))));
    let forged = note.replace("\n3\n", "\n4\n");
    assert!(matches!(Checkpoint::open(&forged, &[key(1).public()]), Err(NoteError::Forged(_))));
    for broken in ["", "kepi/log\n3\n", "kepi/log\n3\nAAAA\n\n", &note.replace(DASH_AS_WRITTEN, "- ")] {
        assert!(matches!(Checkpoint::open(broken, &[key(1).public()]), Err(NoteError::Shape(_))), "{broken}");
    }
    for broken in ["", "x", "x+1+AA==", "a b+00000000+AQ==", SECRET, &PUBLIC.replace("c74f", "c75f")] {
        assert!(broken.parse::<PublicKey>().is_err(), "{broken}");
    }
    assert!(Key::from_seed("a b", &[0; 32]).is_err() && Key::from_seed("a+b", &[0; 32]).is_err());
    assert!(key(1).sign("two\n\nparts\n").is_err() && key(1).sign("no end").is_err());
    // A second signature beside a known one is passed over; one that is wrong and known is not.
    let second = key(2).sign(
        note.split_once("\n\n")
            .unwrap()
            .0
            .to_owned()
            .as_str()
            .lines()
            .map(|l| format!("{l}\n"))
            .collect::<String>()
            .as_str(),
    );
    let both = format!("{note}{}\n", second.unwrap().lines().last().unwrap());
    assert_eq!(Checkpoint::open(&both, &[key(1).public()]).unwrap(), checkpoint);
    assert_eq!(Checkpoint::open(&both, &[key(1).public(), key(2).public()]).unwrap(), checkpoint);
}

#[test]
fn a_file_of_notes_loses_nothing() {
    let sign =
        |size| Checkpoint { origin: "kepi/log".into(), size, root: Digest([7; 32]) }.sign(&key(1)).unwrap();
    let (a, b) = (sign(1), sign(2));
    assert_eq!(notes(""), Vec::<String>::new());
    assert_eq!(notes(&format!("{a}{b}")), [a.clone(), b.clone()]);
    assert_eq!(notes(&format!("\n{a}\n\n{b}\n")), [a.clone(), b.clone()]);
    let odd = notes(&format!("{a}torn\n{b}"));
    assert_eq!(odd.len(), 2);
    assert!(odd[1].starts_with("torn\n"), "what does not belong there breaks the note that it stands in");
    assert_eq!(notes(&format!("{a}half a note\n")), [a.clone(), "half a note\n".to_owned()]);
}
