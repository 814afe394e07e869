//! Requests signed as Amazon's object store wants them: Signature Version 4, in headers.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// What a request without a body is said to hold: SHA-256 of nothing.
pub(crate) const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Bytes that SHA-256 takes at once.
const BLOCK: usize = 64;

/// What lets in, where.
pub(crate) struct Key {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
    pub region: String,
}

/// A text as it stands in an address: all but letters, digits and `-._~` by their bytes; `/` stays where it parts a path.
pub(crate) fn encoded(text: &str, is_path: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            b'/' if is_path => out.push('/'),
            // Writing to a text does not fail.
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// The keyed hash of a message (RFC 2104).
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; BLOCK];
    let hashed = Sha256::digest(key);
    let key = if key.len() > BLOCK { hashed.as_slice() } else { key };
    for (own, byte) in block.iter_mut().zip(key) {
        *own = *byte;
    }
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize().into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

impl Key {
    /// The header `authorization` of a `GET` of a path with its query, both as they stand in the address and the query
    /// sorted, with headers by lower-case names, sorted; `at`: as in `x-amz-date`.
    pub fn authorization(&self, of: (&str, &str), headers: &[(&str, &str)], at: &str) -> String {
        self.signed(("GET", NOTHING), of, headers, at)
    }

    /// The same of a request by another method, with SHA-256 of its body.
    pub fn signed(
        &self,
        (method, body): (&str, &str),
        (path, query): (&str, &str),
        headers: &[(&str, &str)],
        at: &str,
    ) -> String {
        let day = at.get(..8).unwrap_or(at);
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String =
            headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let request = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{body}");
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let signed = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex(&Sha256::digest(request)));
        let first = format!("AWS4{}", self.secret);
        let key = [day, &self.region, "s3", "aws4_request"]
            .iter()
            .fold(first.into_bytes(), |key, part| hmac(&key, part.as_bytes()).to_vec());
        let signature = hex(&hmac(&key, signed.as_bytes()));
        format!("AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyed_hashes_are_those_of_rfc_4231() {
        for (key, message, hash) in [
            (vec![0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&hmac(&key, message.as_bytes())), hash);
        }
    }

    /// The examples of Amazon's documentation.
    #[test]
    fn requests_are_signed_as_amazon_says() {
        let key = Key {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
            region: "us-east-1".to_owned(),
        };
        let at = "20130524T000000Z";
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let rest = [("x-amz-content-sha256", NOTHING), ("x-amz-date", at)];
        let get = key.authorization(("/test.txt", ""), &[host, ("range", "bytes=0-9"), rest[0], rest[1]], at);
        assert_eq!(
            get,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let body = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        let headers = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            host,
            ("x-amz-content-sha256", body),
            ("x-amz-date", at),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        let put = key.signed(("PUT", body), ("/test%24file.text", ""), &headers, at);
        assert!(
            put.ends_with("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
            "{put}"
        );
        let list = key.authorization(("/", "max-keys=2&prefix=J"), &[host, rest[0], rest[1]], at);
        assert!(
            list.ends_with("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
            "{list}"
        );
    }

    #[test]
    fn keys_stand_in_addresses_by_their_bytes() {
        assert_eq!(encoded("a b/ü+~(1).csv", true), "a%20b/%C3%BC%2B~%281%29.csv");
        assert_eq!(encoded("a/b", false), "a%2Fb");
    }
}
