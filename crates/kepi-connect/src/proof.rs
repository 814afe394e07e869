//! By what something posted is believed: a signature as its sender makes it, over the bytes as they came, or a token.
//!
//! Each way that is known by name was held against what its owner documents (read in November 2026), and where somebody publishes an
//! example the tests have it:
//!
//! - Stripe: <https://docs.stripe.com/webhooks#verify-manually>; no example is published.
//! - Zendesk: <https://developer.zendesk.com/documentation/webhooks/verifying/>; an earlier page has an example in which the time stands
//!   behind the body, which the tests check as described by hand.
//! - HubSpot: version 3 of <https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation>;
//!   no example is published.
//! - Intercom: <https://developers.intercom.com/docs/webhooks>; a signature is published without its secret.
//! - Segment: <https://www.twilio.com/docs/segment/connections/destinations/catalog/actions-webhook>; of several events sent together it signs the first
//!   alone, so that these are refused.
//! - GitHub: <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>, with an example.
//! - Shopify: <https://shopify.dev/docs/apps/build/webhooks/subscribe/https>; no example is published.
//! - Slack: <https://api.slack.com/authentication/verifying-requests-from-slack>, with an example.
//! - Standard Webhooks: <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, with an example.

use base64::{Engine, engine::general_purpose::STANDARD};
use kepi_model::project::{Proof, Signature, SignatureDigits, SignatureHash, SignedBy};
use ring::hmac;

/// How far from now something may be signed, µs.
const TOLERANCE: i64 = 5 * 60 * 1_000_000;
/// So many signatures of one request are looked at.
const MOST_SIGNATURES: usize = 8;

/// Something posted, as it came.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    /// The method.
    pub method: &'a str,
    /// The whole address that it was posted to.
    pub address: &'a str,
    /// A header by its name; none: it is not there, or there twice.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
    /// When it came, µs UTC.
    pub at: i64,
}

impl std::fmt::Debug for Post<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Post({} bytes)", self.body.len())
    }
}

/// What of a request its signature is made of, and what it is held against.
struct Signed {
    signatures: Vec<Vec<u8>>,
    text: Vec<u8>,
    hash: SignatureHash,
    /// When it was signed, as its sender writes it.
    time: Option<String>,
    /// Whether a secret is Base64 behind `whsec_`.
    coded: bool,
}

fn digits(text: &str, how: SignatureDigits) -> Option<Vec<u8>> {
    match how {
        SignatureDigits::Base64 => STANDARD.decode(text.trim()).ok(),
        SignatureDigits::Hex => {
            let text = text.trim().as_bytes();
            let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let pairs = text.chunks(2);
            let all = pairs.map(|pair| match pair {
                [a, b] => Some(digit(*a)? << 4 | digit(*b)?),
                _ => None,
            });
            all.collect::<Option<Vec<u8>>>().filter(|bytes| !bytes.is_empty())
        }
    }
}

/// An instant as senders write it, µs UTC: seconds or milliseconds since 1970, or RFC 3339.
fn instant(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        // Seconds have eleven digits from the year 5138 on.
        let unit = if text.len() <= 11 { 1_000_000 } else { 1_000 };
        return number.checked_mul(unit);
    }
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

const MISSING: &str = "the signature is missing, or there twice";
const NO_TIME: &str = "it is not said when it was signed";
const OFF: &str = "it was signed more than 5 minutes ago or ahead; compare the clocks";
const WRONG: &str = "the signature is not one by any of the secrets";

/// The way of who is known by name, as it would be described; none: it cannot be.
fn described(by: SignedBy) -> Option<Signature> {
    use SignatureDigits::{Base64, Hex};
    use SignatureHash::{Sha1, Sha256};
    let (header, hash, digits, prefix, timestamp, of) = match by {
        SignedBy::Stripe | SignedBy::Standard => return None,
        SignedBy::Zendesk => (
            "x-zendesk-webhook-signature",
            Sha256,
            Base64,
            "",
            Some("x-zendesk-webhook-signature-timestamp"),
            "{timestamp}{body}",
        ),
        SignedBy::HubSpot => (
            "x-hubspot-signature-v3",
            Sha256,
            Base64,
            "",
            Some("x-hubspot-request-timestamp"),
            "{method}{address}{body}{timestamp}",
        ),
        SignedBy::Intercom => ("x-hub-signature", Sha1, Hex, "sha1=", None, "{body}"),
        SignedBy::Segment => ("x-signature", Sha1, Hex, "", None, "{body}"),
        SignedBy::GitHub => ("x-hub-signature-256", Sha256, Hex, "sha256=", None, "{body}"),
        SignedBy::Shopify => ("x-shopify-hmac-sha256", Sha256, Base64, "", None, "{body}"),
        SignedBy::Slack => (
            "x-slack-signature",
            Sha256,
            Hex,
            "v0=",
            Some("x-slack-request-timestamp"),
            "v0:{timestamp}:{body}",
        ),
    };
    Some(Signature {
        header: header.to_owned(),
        hash,
        digits,
        prefix: prefix.to_owned(),
        timestamp: timestamp.map(str::to_owned),
        of: of.to_owned(),
    })
}

impl Signed {
    fn as_described(how: &Signature, post: Post<'_>) -> Result<Self, &'static str> {
        let said = (post.header)(&how.header).ok_or(MISSING)?;
        let time = match &how.timestamp {
            Some(header) => Some((post.header)(header).ok_or(NO_TIME)?.to_owned()),
            None => None,
        };
        let one = |text: &str| digits(text.trim().strip_prefix(how.prefix.as_str())?, how.digits);
        let mut text = Vec::with_capacity(post.body.len() + how.of.len());
        let mut rest = how.of.as_str();
        while let Some((before, behind)) = rest.split_once('{') {
            text.extend_from_slice(before.as_bytes());
            let (part, behind) = behind.split_once('}').unwrap_or((behind, ""));
            text.extend_from_slice(match part {
                "body" => post.body,
                "timestamp" => time.as_deref().unwrap_or_default().as_bytes(),
                "method" => post.method.as_bytes(),
                "address" => post.address.as_bytes(),
                _ => &[],
            });
            rest = behind;
        }
        text.extend_from_slice(rest.as_bytes());
        let signatures = said.split([',', ' ']).take(MOST_SIGNATURES).filter_map(one).collect();
        Ok(Self { signatures, text, hash: how.hash, time, coded: false })
    }

    /// `t=…,v1=…,v1=…`.
    fn as_by_stripe(post: Post<'_>) -> Result<Self, &'static str> {
        let said = (post.header)("stripe-signature").ok_or(MISSING)?;
        let parts = || said.split(',').filter_map(|part| part.trim().split_once('='));
        let time = parts().find(|(name, _)| *name == "t").map(|(_, time)| time).ok_or(NO_TIME)?;
        let signatures = parts().filter(|(name, _)| *name == "v1").take(MOST_SIGNATURES);
        let signatures = signatures.filter_map(|(_, text)| digits(text, SignatureDigits::Hex)).collect();
        let text = [time.as_bytes(), b".", post.body].concat();
        Ok(Self { signatures, text, hash: SignatureHash::Sha256, time: Some(time.to_owned()), coded: false })
    }

    /// `v1,… v1,…`, of id, time and body.
    fn as_standard(post: Post<'_>) -> Result<Self, &'static str> {
        let said = (post.header)("webhook-signature").ok_or(MISSING)?;
        let id = (post.header)("webhook-id").ok_or("it does not say which one it is")?;
        let time = (post.header)("webhook-timestamp").ok_or(NO_TIME)?;
        let signatures = said.split(' ').take(MOST_SIGNATURES).filter_map(|one| one.strip_prefix("v1,"));
        let signatures = signatures.filter_map(|text| digits(text, SignatureDigits::Base64)).collect();
        let text = [id.as_bytes(), b".", time.as_bytes(), b".", post.body].concat();
        Ok(Self { signatures, text, hash: SignatureHash::Sha256, time: Some(time.to_owned()), coded: true })
    }

    /// Whether one of the signatures was made with one of the secrets; compared in a time that says nothing.
    fn holds(&self, secrets: &[String]) -> bool {
        let by = match self.hash {
            SignatureHash::Sha256 => hmac::HMAC_SHA256,
            SignatureHash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        };
        secrets.iter().any(|secret| {
            let coded = secret.strip_prefix("whsec_").unwrap_or(secret);
            let key = match self.coded.then(|| STANDARD.decode(coded)) {
                Some(Ok(bytes)) => hmac::Key::new(by, &bytes),
                _ => hmac::Key::new(by, secret.as_bytes()),
            };
            self.signatures.iter().any(|signature| hmac::verify(&key, &self.text, signature).is_ok())
        })
    }
}

/// Why something posted is not believed, in words that quote nothing of it; none: it is.
pub(crate) fn doubt(proof: &Proof, secrets: &[String], post: Post<'_>) -> Option<&'static str> {
    let signed = match proof {
        Proof::Token(header) => {
            let said = (post.header)(header).map(|said| said.strip_prefix("Bearer ").unwrap_or(said));
            let Some(said) = said else { return Some("the token is missing, or there twice") };
            // What is compared are keyed hashes, so that how long it takes says nothing of the secret.
            let is = |secret: &String| {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::verify(&key, said.as_bytes(), hmac::sign(&key, secret.as_bytes()).as_ref()).is_ok()
            };
            return (!secrets.iter().any(is)).then_some("the token is none of the secrets");
        }
        Proof::By(SignedBy::Stripe) => Signed::as_by_stripe(post),
        Proof::By(SignedBy::Standard) => Signed::as_standard(post),
        Proof::By(by) => match described(*by) {
            Some(how) => Signed::as_described(&how, post),
            None => Err(WRONG),
        },
        Proof::Signed(how) => Signed::as_described(how, post),
    };
    let signed = match signed {
        Ok(signed) => signed,
        Err(why) => return Some(why),
    };
    if !signed.holds(secrets) {
        return Some(WRONG);
    }
    match &signed.time {
        None => None,
        Some(time) => match instant(time) {
            None => Some(NO_TIME),
            Some(time) => (time.saturating_sub(post.at).saturating_abs() > TOLERANCE).then_some(OFF),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60 * 1_000_000;

    fn checked(
        proof: &Proof,
        secret: &str,
        headers: &[(&'static str, &'static str)],
        body: &str,
        at: i64,
    ) -> Option<&'static str> {
        let header = |name: &str| {
            headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
        };
        let address = "https://kpi.example.com/hooks/desk";
        let post = Post { method: "POST", address, header: &header, body: body.as_bytes(), at };
        let secrets = ["another".to_owned(), secret.to_owned()];
        doubt(proof, &secrets, post)
    }

    /// The examples that are published, and everything that is changed of them is found.
    #[test]
    fn signatures_are_those_that_their_owners_publish() {
        let slack = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                     channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
                     https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=\
                     398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let early_zendesk = Proof::Signed(Signature {
            header: "X-Zendesk-Webhook-Signature".to_owned(),
            hash: SignatureHash::Sha256,
            digits: SignatureDigits::Base64,
            prefix: String::new(),
            timestamp: Some("X-Zendesk-Webhook-Signature-Timestamp".to_owned()),
            of: "{body}{timestamp}".to_owned(),
        });
        let cases = [
            (
                Proof::By(SignedBy::GitHub),
                "It's a Secret to Everybody",
                vec![(
                    "X-Hub-Signature-256",
                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                )],
                "Hello, World!",
                0,
            ),
            (
                Proof::By(SignedBy::Slack),
                "8f742231b10e8888abcd99yyyzzz85a5",
                vec![
                    ("X-Slack-Request-Timestamp", "1531420618"),
                    (
                        "X-Slack-Signature",
                        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
                    ),
                ],
                slack,
                1_531_420_618_000_000,
            ),
            (
                Proof::By(SignedBy::Standard),
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                vec![
                    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                    ("webhook-timestamp", "1614265330"),
                    ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
                ],
                "{\"test\": 2432232314}",
                1_614_265_330_000_000,
            ),
            (
                early_zendesk,
                "HRkRd4BeOAoUkfZr-mhauJT64rvBASlJRoIyPsd3zeA=",
                vec![
                    ("X-Zendesk-Webhook-Signature-Timestamp", "2021-07-25T10:00:00Z"),
                    ("X-Zendesk-Webhook-Signature", "tRDSF7URY8BLCDlaBcQ7FHu051Zk+aAB0NKMP53teMw="),
                ],
                "{\"say\": \"hello\"}",
                1_627_207_200_000_000,
            ),
        ];
        for (proof, secret, headers, body, at) in &cases {
            assert_eq!(checked(proof, secret, headers, body, *at), None, "{proof}");
            assert_eq!(checked(proof, "no secret", headers, body, *at), Some(WRONG), "{proof}");
            assert_eq!(checked(proof, secret, headers, &format!("{body} "), *at), Some(WRONG), "{proof}");
            assert!(checked(proof, secret, headers.get(1..).unwrap(), body, *at).is_some(), "{proof}");
            if *at > 0 {
                assert_eq!(checked(proof, secret, headers, body, at + 5 * MINUTE), None, "{proof}");
                for off in [-6 * MINUTE, 6 * MINUTE] {
                    assert_eq!(checked(proof, secret, headers, body, at + off), Some(OFF), "{proof}");
                }
            }
        }
    }

    /// HMACs of these texts by Python 3's `hmac`, for those of whom no example is published.
    #[test]
    fn others_are_those_that_python_makes_as_documented() {
        let body = "{\"id\": 7}";
        let now = 1_700_000_000_000_000;
        for (by, headers) in PYTHON {
            let proof = Proof::By(*by);
            assert_eq!(checked(&proof, "s3cr3t", headers, body, now), None, "{proof}");
            assert_eq!(checked(&proof, "s3cr3T", headers, body, now), Some(WRONG), "{proof}");
            assert_eq!(checked(&proof, "s3cr3t", headers, "{\"id\": 8}", now), Some(WRONG), "{proof}");
        }
        // Another time than the signed one is none that was signed.
        let (_, stripe) = PYTHON.iter().find(|(by, _)| *by == SignedBy::Stripe).unwrap();
        let moved = stripe.first().unwrap().1.replace("t=1700000000", "t=1700000001").leak();
        let proof = Proof::By(SignedBy::Stripe);
        assert_eq!(checked(&proof, "s3cr3t", &[("Stripe-Signature", moved)], body, now), Some(WRONG));
    }

    #[test]
    fn a_token_is_compared_whole() {
        let proof = Proof::Token("X-Token".to_owned());
        for (said, fits) in
            [("s3cr3t", true), ("Bearer s3cr3t", true), ("s3cr3", false), ("s3cr3t ", false), ("", false)]
        {
            assert_eq!(checked(&proof, "s3cr3t", &[("x-token", said)], "{}", 0).is_none(), fits, "{said}");
        }
        assert!(checked(&proof, "s3cr3t", &[], "{}", 0).is_some());
    }

    const PYTHON: &[(SignedBy, &[(&str, &str)])] = &[
        (
            SignedBy::Stripe,
            &[(
                "Stripe-Signature",
                "t=1700000000,v0=00,v1=00,v1=93b031ba91ed2d081baf0b96bac1830b9a06b1ad9415dd7e9aa803c0bbc41e33",
            )],
        ),
        (
            SignedBy::Zendesk,
            &[
                ("X-Zendesk-Webhook-Signature", "uKFGI3ONLYFd9X3jfzlNOZzO/jFuhmGb0H9UPj0cHWc="),
                ("X-Zendesk-Webhook-Signature-Timestamp", "2023-11-14T22:13:20Z"),
            ],
        ),
        (
            SignedBy::HubSpot,
            &[
                ("X-HubSpot-Signature-v3", "UGY9VPI4rfHXL4NSyxuCWoM0686jmOd9rVxB78C5jsk="),
                ("X-HubSpot-Request-Timestamp", "1700000000123"),
            ],
        ),
        (SignedBy::Intercom, &[("X-Hub-Signature", "sha1=38dbfdfbd723182128f3a8b3fcbdbcf8a25a1f40")]),
        (SignedBy::Segment, &[("X-Signature", "38dbfdfbd723182128f3a8b3fcbdbcf8a25a1f40")]),
        (SignedBy::Shopify, &[("X-Shopify-Hmac-Sha256", "L4jOoKH8iSueytHCDitzEz2u6oqAfKTSXrWPGtJUUpk=")]),
    ];
}
