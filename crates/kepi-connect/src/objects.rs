//! Objects of a bucket, over the protocol of Amazon S3: listed page by page, and read where what is listed is not what was
//! copied before.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    time::Duration,
};

use glob::{MatchOptions, Pattern};
use jiff::Timestamp;
use kepi_model::project::S3;
use kepi_query::landing::{Copies, Copying, PortError, Stamp};
use quick_xml::{Reader, events::Event};
use ureq::{
    Agent, Body, RequestBuilder,
    http::{Response, StatusCode, Uri},
    typestate::WithoutBody,
};

use crate::{
    asking::{Answer, Asking, unanswered},
    error::FetchError,
    page,
    secret::Secrets,
    sign::{self, Key, encoded},
};

/// More pages of a listing than anybody has: each has a thousand keys.
const MOST_PAGES: u64 = 100_000;
/// Longest page of a listing.
pub(crate) const LONGEST: u64 = 16 << 20;
/// Bytes that are read at once.
pub(crate) const CHUNK: usize = 1 << 16;

/// A bucket, and how it is asked.
pub(crate) struct Bucket {
    asking: Asking,
    /// Scheme and host.
    base: String,
    host: String,
    /// The path of the bucket, as it stands in the address.
    path: String,
    key: Option<Key>,
    limit: Duration,
}

/// A page of a listing.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Listed>,
    /// By which the next is asked for.
    pub(crate) next: Option<String>,
}

/// An object of a listing.
#[derive(Debug, PartialEq)]
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) stamp: Stamp,
    /// When it was last written, in seconds since 1970.
    pub(crate) modified: Option<i64>,
}

/// What reading an object came to.
enum Got {
    Copied,
    /// It is gone since it was listed.
    Gone,
}

impl Bucket {
    /// The bucket of a connection, with what lets in. One answer may take as long as `limit`.
    pub fn new(s3: &S3, secrets: &Secrets, patience: Duration, limit: Duration) -> Result<Self, FetchError> {
        let asking = Asking::new(&s3.endpoint, (s3.rate, s3.private), secrets, patience)?;
        let none = || FetchError::Server("its `endpoint` is none".to_owned());
        let uri: Uri = asking.address.parse().map_err(|_| none())?;
        let host = uri.authority().ok_or_else(none)?.to_string();
        let base = format!("{}://{host}", uri.scheme_str().ok_or_else(none)?);
        let key = match &s3.keys {
            None => None,
            Some(keys) => Some(Key {
                id: secrets.setting(&keys.id)?,
                secret: secrets.read(&keys.secret)?,
                token: keys.token.as_ref().map(|at| secrets.read(at)).transpose()?,
                region: s3.region.clone(),
            }),
        };
        let path =
            format!("{}/{}", uri.path().trim_end_matches('/'), encoded(&secrets.setting(&s3.bucket)?, false));
        Ok(Self { asking, base, host, path, key, limit })
    }

    /// Copies the objects that a pattern matches where they are new or have changed.
    pub async fn copy(&mut self, keys: &str, into: &mut dyn Copies) -> Result<(), FetchError> {
        let pattern =
            Pattern::new(keys).map_err(|e| FetchError::Server(format!("`{keys}` is no pattern: {e}")))?;
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::default() };
        // What stands before the first star is asked for; the rest is told apart here.
        let prefix = keys.split(['*', '?', '[']).next().unwrap_or_default();
        let (mut names, mut token) = (BTreeSet::new(), None);
        for number in 0..MOST_PAGES {
            let page = self.list(prefix, token).await?;
            for Listed { name, stamp, .. } in page.objects {
                // Keys that end so stand for folders.
                if name.ends_with('/') || !pattern.matches_with(&name, options) {
                    continue;
                }
                let known = into.known(&name) == Some(&stamp);
                if known || matches!(self.get(&name, &stamp, into).await?, Got::Copied) {
                    names.insert(name);
                }
            }
            token = page.next;
            if token.is_none() {
                return into.retain(&names).map_err(FetchError::Rows);
            }
            if number + 1 == MOST_PAGES {
                break;
            }
        }
        Err(FetchError::Server(format!("its list has more than {MOST_PAGES} pages; say more of the keys")))
    }

    async fn list(&mut self, prefix: &str, token: Option<String>) -> Result<Page, FetchError> {
        // Sorted, as they are signed.
        let mut query = match &token {
            Some(token) => format!("continuation-token={}&", encoded(token, false)),
            None => String::new(),
        };
        query.push_str(&format!("encoding-type=url&list-type=2&prefix={}", encoded(prefix, false)));
        let to = To { base: &self.base, host: &self.host, key: self.key.as_ref(), limit: self.limit };
        let page = self.asking.ask(|agent| {
            let request = to.request(agent, &self.path, &query);
            Ok(move || {
                let mut answer = match request.call() {
                    Ok(answer) => answer,
                    Err(e) => return unanswered(e),
                };
                if !answer.status().is_success() {
                    return refused(&mut answer);
                }
                match answer.body_mut().with_config().limit(LONGEST).read_to_vec() {
                    Err(e) => Ok(Answer::Again(format!("its answer broke off: {e}"), None)),
                    Ok(body) => match read(&String::from_utf8_lossy(&body)) {
                        Ok(page) => Ok(Answer::Here(page)),
                        Err(why) => Ok(Answer::Again(format!("its answer is no list: {why}"), None)),
                    },
                }
            })
        });
        let page = page.await?;
        if token.is_some() && page.next == token {
            return Err(FetchError::Server("its list does not go on: the next page is the same".to_owned()));
        }
        Ok(page)
    }

    /// Reads an object into the place of its copy.
    async fn get(&mut self, name: &str, listed: &Stamp, into: &dyn Copies) -> Result<Got, FetchError> {
        let path = format!("{}/{}", self.path, encoded(name, true));
        let to = To { base: &self.base, host: &self.host, key: self.key.as_ref(), limit: self.limit };
        let begin = |agent: &Agent| {
            let request = to.request(agent, &path, "");
            let copy = into.begin(name).map_err(FetchError::Rows)?;
            let listed = listed.clone();
            Ok(move || match request.call() {
                Ok(answer) => copied(answer, &listed, copy),
                Err(e) => unanswered(e),
            })
        };
        self.asking.ask(begin).await.map_err(|error| match error {
            FetchError::Server(why) => FetchError::Server(format!("object `{name}`: {why}")),
            other => other,
        })
    }
}

/// Where requests go.
struct To<'a> {
    base: &'a str,
    host: &'a str,
    key: Option<&'a Key>,
    limit: Duration,
}

impl To<'_> {
    /// A request of now: it is not good for long once it is signed.
    fn request(&self, agent: &Agent, path: &str, query: &str) -> RequestBuilder<WithoutBody> {
        let mark = if query.is_empty() { "" } else { "?" };
        let mut request = agent.get(format!("{}{path}{mark}{query}", self.base)).header("host", self.host);
        if let Some(key) = self.key {
            let at = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
            let mut headers =
                vec![("host", self.host), ("x-amz-content-sha256", sign::NOTHING), ("x-amz-date", &at)];
            headers.extend(key.token.as_deref().map(|token| ("x-amz-security-token", token)));
            let authorization = key.authorization((path, query), &headers, &at);
            for (name, value) in headers.into_iter().skip(1).chain([("authorization", &*authorization)]) {
                request = request.header(name, value);
            }
        }
        request.config().timeout_global(Some(self.limit)).build()
    }
}

/// The bytes of an answer, written to a copy.
fn copied(
    mut answer: Response<Body>,
    listed: &Stamp,
    mut copy: Box<dyn Copying>,
) -> Result<Answer<Got>, FetchError> {
    if answer.status() == StatusCode::NOT_FOUND {
        return Ok(Answer::Here(Got::Gone));
    }
    if !answer.status().is_success() {
        return refused(&mut answer);
    }
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let tag = header("etag").ok_or_else(|| FetchError::Server("it has no `ETag`".to_owned()))?;
    let length = header("content-length").and_then(|n| n.parse::<u64>().ok());
    let modified = header("last-modified").and_then(|at| jiff::fmt::rfc2822::parse(&at).ok());
    let mut body = answer.into_body().into_reader();
    let (mut chunk, mut bytes) = (vec![0; CHUNK], 0u64);
    loop {
        let read = match body.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => chunk.get(..n).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Ok(Answer::Again(format!("its answer broke off: {e}"), None)),
        };
        copy.write_all(read).map_err(|e| FetchError::Rows(PortError::from(e)))?;
        bytes += read.len() as u64;
    }
    let stamp = Stamp { tag: unquoted(&tag), bytes };
    // What is called the same as in the list is as long as it is there.
    let should = if stamp.tag == listed.tag { Some(listed.bytes) } else { length };
    if let Some(should) = should.filter(|should| *should != bytes) {
        return Ok(Answer::Again(format!("its answer broke off: {bytes} of {should} bytes"), None));
    }
    copy.finish(stamp, modified.map(|at| at.timestamp().as_second())).map_err(FetchError::Rows)?;
    Ok(Answer::Here(Got::Copied))
}

/// What an answer says that is none: the code of the error that stands in it, never its words, which may hold anything.
pub(crate) fn refused<T>(answer: &mut Response<Body>) -> Result<Answer<T>, FetchError> {
    let status = answer.status();
    let after = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()).and_then(page::wait);
    let body = answer.body_mut().with_config().limit(CHUNK as u64).read_to_string().unwrap_or_default();
    let code =
        body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let code = code.filter(|c| c.len() <= 64 && c.bytes().all(|b| b.is_ascii_alphanumeric()));
    let said =
        code.map_or_else(|| format!("it answered {status}"), |code| format!("it answered {status}, {code}"));
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return Ok(Answer::Again(said, after));
    }
    let why = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "; the key does not let in, or may not do this in the bucket"
        }
        StatusCode::NOT_FOUND => "; look at the names of bucket and endpoint",
        s if s.is_redirection() => "; the bucket is elsewhere: correct `region` or `endpoint`",
        _ => "",
    };
    Err(FetchError::Server(format!("{said}{why}")))
}

/// What an `ETag` says within its quotation marks.
fn unquoted(tag: &str) -> String {
    tag.trim_matches('"').to_owned()
}

/// Reads a page of a listing.
pub(crate) fn read(text: &str) -> Result<Page, String> {
    let mut reader = Reader::from_str(text);
    let (mut page, mut truncated, mut encoding, mut whole) = (Page::default(), false, false, false);
    // Elements from the outermost on, and the text of the innermost.
    let (mut path, mut said): (Vec<String>, String) = (Vec::new(), String::new());
    let (mut name, mut tag, mut bytes, mut modified) = (None, None, None, None);
    loop {
        let event = reader.read_event().map_err(|e| e.to_string())?;
        match &event {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                said.clear();
            }
            Event::Text(text) => said.push_str(text),
            Event::CData(text) => said.push_str(text),
            Event::GeneralRef(of) => match of.resolve_char_ref() {
                Ok(Some(c)) => said.push(c),
                _ => said.push_str(match &**of {
                    "lt" => "<",
                    "gt" => ">",
                    "amp" => "&",
                    "quot" => "\"",
                    "apos" => "'",
                    _ => return Err("an unknown entity stands in it".to_owned()),
                }),
            },
            Event::End(_) => {
                let own: Vec<&str> = path.iter().map(String::as_str).collect();
                let text = std::mem::take(&mut said);
                match own.as_slice() {
                    ["ListBucketResult", "Contents", "Key"] => name = Some(text),
                    ["ListBucketResult", "Contents", "ETag"] => tag = Some(unquoted(&text)),
                    ["ListBucketResult", "Contents", "Size"] => bytes = text.parse().ok(),
                    ["ListBucketResult", "Contents", "LastModified"] => {
                        modified = text.parse::<Timestamp>().ok().map(Timestamp::as_second);
                    }
                    ["ListBucketResult", "Contents"] => match (name.take(), tag.take(), bytes.take()) {
                        (Some(name), Some(tag), Some(bytes)) => {
                            let (stamp, modified) = (Stamp { tag, bytes }, modified.take());
                            page.objects.push(Listed { name, stamp, modified });
                        }
                        _ => return Err("an object has no key, no tag or no size".to_owned()),
                    },
                    ["ListBucketResult", "IsTruncated"] => truncated = text == "true",
                    ["ListBucketResult", "NextContinuationToken"] => page.next = Some(text),
                    ["ListBucketResult", "EncodingType"] => encoding = text == "url",
                    ["ListBucketResult"] => whole = true,
                    _ => {}
                }
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if !whole {
        return Err("it does not end".to_owned());
    }
    match (truncated, page.next.is_some()) {
        (true, false) => return Err("there is more, but not how to ask for it".to_owned()),
        (false, _) => page.next = None,
        (true, true) => {}
    }
    if encoding {
        for Listed { name, .. } in &mut page.objects {
            *name = decoded(name).ok_or_else(|| "a key is no text".to_owned())?;
        }
    }
    Ok(page)
}

/// A key as it stands in a listing, where bytes are written as in a form.
fn decoded(key: &str) -> Option<String> {
    let (mut out, mut bytes) = (Vec::with_capacity(key.len()), key.bytes());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}
