//! What is asked of a provider by which people sign in: short answers, taken whole, from addresses that may be connected to.

use std::{io, time::Duration};

use kepi_model::wording::with_causes;
use ureq::http::Uri;

use crate::asking;

/// How long one answer may take: somebody waits for it.
const LIMIT: Duration = Duration::from_secs(15);
/// Longest answer, in bytes.
const LONGEST: u64 = 1 << 20;

/// Asks once, for what is there or by a form: status and body of the answer. With `private` the provider may be within the own
/// network, and spoken to openly.
///
/// # Errors
/// Why there is no answer, without what was asked or answered.
pub fn ask_provider(
    address: &str,
    authorization: Option<&str>,
    form: Option<&str>,
    private: bool,
) -> Result<(u16, Vec<u8>), String> {
    let uri: Uri = address.parse().map_err(|_| "its address is none".to_owned())?;
    let encrypted = uri.scheme_str() == Some("https");
    if !(encrypted || private && uri.scheme_str() == Some("http")) {
        return Err("its address does not begin with `https://`".to_owned());
    }
    let agent = asking::agent(encrypted, private, LIMIT);
    let headers = authorization
        .map(|value| ("authorization", value))
        .into_iter()
        .chain([("accept", "application/json")]);
    let answer = match form {
        None => headers.fold(agent.get(uri), |to, (name, value)| to.header(name, value)).call(),
        Some(form) => headers
            .fold(agent.post(uri), |to, (name, value)| to.header(name, value))
            .header("content-type", "application/x-www-form-urlencoded")
            .send(form),
    };
    let (head, mut body) = answer.map_err(|error| unreached(&error, private))?.into_parts();
    let body = body.with_config().limit(LONGEST).read_to_vec().map_err(|error| unreached(&error, private))?;
    Ok((head.status.as_u16(), body))
}

fn unreached(error: &ureq::Error, private: bool) -> String {
    match error {
        ureq::Error::Io(e) if e.kind() == io::ErrorKind::PermissionDenied && !private => {
            format!("{e}, for it is within the own network")
        }
        // What was asked holds a secret, and its words perhaps with it.
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => "the request cannot be written".to_owned(),
        e => with_causes(e),
    }
}
