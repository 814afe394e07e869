//! The bucket that holds a lake's files, over the protocol of Amazon S3. Where the store is and who lets in comes from the
//! environment alone, by the names that Amazon's own tools read.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Write},
    path::Path,
    thread,
    time::Duration,
};

use jiff::Timestamp;
use kepi_model::engine::SharedFiles;
use kepi_query::bucket::{Bucket, Object, Unreachable};
use sha2::{Digest, Sha256};
use ureq::{
    Agent, Body,
    http::{Method, Request, Response, StatusCode, Uri},
};

use crate::{
    asking::{Answer, agent, unanswered},
    error::FetchError,
    objects::{CHUNK, LONGEST, Listed, read, refused},
    sign::{self, Key, encoded},
};

/// How often something is asked for.
const TRIES: u32 = 5;
/// First wait before something is asked for again; it triples.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long anything may take: the largest object of a slow connection.
const LIMIT: Duration = Duration::from_secs(3600);
/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(30);

/// A place in a bucket, and how it is asked.
pub struct LakeBucket {
    agent: Agent,
    place: SharedFiles,
    /// Scheme and host.
    base: String,
    host: String,
    /// The path of the bucket.
    path: String,
    key: Key,
}

impl fmt::Debug for LakeBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LakeBucket({})", self.place)
    }
}

/// What came of a request.
enum Got {
    Here(Option<u64>),
    NotThere,
    List(Vec<Object>, Option<String>),
}

impl LakeBucket {
    /// The bucket of a place, with what the environment says.
    ///
    /// # Errors
    /// It names no key, or an address that is none.
    pub fn from_environment(place: &SharedFiles) -> Result<Self, FetchError> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let needed = |name: &str| {
            let why = || {
                format!("the files of the lake lie in `{place}`, and {name} is not set in the environment")
            };
            set(name).ok_or_else(|| FetchError::Bucket(why()))
        };
        let region =
            set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")).unwrap_or("us-east-1".to_owned());
        let key = Key {
            id: needed("AWS_ACCESS_KEY_ID")?,
            secret: needed("AWS_SECRET_ACCESS_KEY")?,
            token: set("AWS_SESSION_TOKEN"),
            region,
        };
        let endpoint = set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL"));
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", key.region));
        let none = || FetchError::Bucket(format!("AWS_ENDPOINT_URL is no address: `{endpoint}`"));
        let uri: Uri = endpoint.parse().map_err(|_| none())?;
        let host = uri.authority().ok_or_else(none)?.to_string();
        let open = set("AWS_ALLOW_HTTP").is_some_and(|value| value == "true" || value == "1");
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if open => {}
            _ => {
                let why = "AWS_ENDPOINT_URL does not begin with `https://`; within the own network AWS_ALLOW_HTTP=true allows `http://`";
                return Err(FetchError::Bucket(why.to_owned()));
            }
        }
        let base = format!("{}://{host}", uri.scheme_str().unwrap_or("https"));
        let path = format!("{}/{}", uri.path().trim_end_matches('/'), encoded(&place.bucket, false));
        // Whoever sets the environment of this process may send it into the own network.
        let agent = agent(!open, true, LIMIT);
        Ok(Self { agent, place: place.clone(), base, host, path, key })
    }

    fn object(&self, name: &str) -> String {
        let slash = if self.place.prefix.is_empty() { "" } else { "/" };
        format!("{}/{}{slash}{}", self.path, encoded(&self.place.prefix, true), encoded(name, true))
    }

    /// A request of now: it is not good for long once it is signed.
    fn request<B>(
        &self,
        method: Method,
        (path, query): (&str, &str),
        (hash, body): (&str, B),
    ) -> Result<Request<B>, FetchError> {
        let at = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = vec![("host", &*self.host), ("x-amz-content-sha256", hash), ("x-amz-date", &at)];
        headers.extend(self.key.token.as_deref().map(|token| ("x-amz-security-token", token)));
        let authorization = self.key.signed((method.as_str(), hash), (path, query), &headers, &at);
        let mark = if query.is_empty() { "" } else { "?" };
        let mut request = Request::builder().method(method).uri(format!("{}{path}{mark}{query}", self.base));
        for (name, value) in headers.into_iter().chain([("authorization", &*authorization)]) {
            request = request.header(name, value);
        }
        let unwritten = |_| FetchError::Bucket("the request cannot be written: look at the keys".to_owned());
        request.body(body).map_err(unwritten)
    }

    /// Asks until there is an answer or the store has refused often enough.
    fn ask(&self, mut once: impl FnMut() -> Result<Answer<Got>, FetchError>) -> io::Result<Got> {
        let mut said = String::new();
        for attempt in 0..TRIES {
            match once() {
                Ok(Answer::Here(got)) => return Ok(got),
                Ok(Answer::Again(why, after)) => {
                    said = why;
                    if attempt + 1 < TRIES {
                        thread::sleep(after.unwrap_or_default().max(PATIENCE * 3u32.pow(attempt)));
                    }
                }
                // What this machine refuses is no matter of the store.
                Err(FetchError::Rows(error)) => match error.downcast::<io::Error>() {
                    Ok(own) => return Err(*own),
                    Err(other) => return Err(io::Error::other(other)),
                },
                Err(FetchError::Server(why)) => return Err(self.unreachable(why)),
                Err(error) => return Err(self.unreachable(error.to_string())),
            }
        }
        Err(self.unreachable(format!("it was asked {TRIES} times: {said}")))
    }

    fn unreachable(&self, why: String) -> io::Error {
        Unreachable { place: self.place.to_string(), why }.into()
    }

    fn send(&self, request: Request<()>) -> Result<Response<Body>, ureq::Error> {
        let configured = self.agent.configure_request(request).timeout_recv_response(Some(SILENCE)).build();
        self.agent.run(configured)
    }

    fn page(&self, begin: &str, token: Option<&str>) -> io::Result<(Vec<Object>, Option<String>)> {
        let slash = if self.place.prefix.is_empty() { "" } else { "/" };
        let own = format!("{}{slash}", self.place.prefix);
        let mut query =
            token.map_or(String::new(), |token| format!("continuation-token={}&", encoded(token, false)));
        query.push_str("encoding-type=url&list-type=2&prefix=");
        query.push_str(&encoded(&format!("{own}{begin}"), false));
        let got = self.ask(|| {
            let mut answer =
                match self.send(self.request(Method::GET, (&self.path, &query), (sign::NOTHING, ()))?) {
                    Ok(answer) => answer,
                    Err(e) => return unanswered(e),
                };
            if !answer.status().is_success() {
                return refused(&mut answer);
            }
            let page = match answer.body_mut().with_config().limit(LONGEST).read_to_vec() {
                Err(e) => return Ok(Answer::Again(format!("its answer broke off: {e}"), None)),
                Ok(body) => read(&String::from_utf8_lossy(&body)),
            };
            let page = match page {
                Ok(page) => page,
                Err(why) => return Ok(Answer::Again(format!("its answer is no list: {why}"), None)),
            };
            let objects = page.objects.into_iter().filter_map(|Listed { name, stamp, modified }| {
                let name = name.strip_prefix(&own)?.to_owned();
                // What says no time is as new as can be: it is left alone.
                Some(Object { name, bytes: stamp.bytes, modified: modified.unwrap_or(i64::MAX) })
            });
            Ok(Answer::Here(Got::List(objects.collect(), page.next)))
        })?;
        match got {
            Got::List(objects, next) => Ok((objects, next)),
            _ => Ok((Vec::new(), None)),
        }
    }
}

/// What this machine refuses while something is asked.
fn own(error: io::Error) -> FetchError {
    FetchError::Rows(Box::new(error))
}

impl Bucket for LakeBucket {
    fn place(&self) -> String {
        self.place.to_string()
    }

    fn put(&self, name: &str, file: &Path) -> io::Result<()> {
        let hash = hashed(&mut File::open(file)?)?;
        self.ask(|| {
            let body = File::open(file).map_err(own)?;
            let request = self.request(Method::PUT, (&self.object(name), ""), (&hash, body))?;
            let configured =
                self.agent.configure_request(request).timeout_recv_response(Some(SILENCE)).build();
            match self.agent.run(configured) {
                Ok(answer) if answer.status().is_success() => Ok(Answer::Here(Got::Here(None))),
                Ok(mut answer) => refused(&mut answer),
                Err(e) => unanswered(e),
            }
        })?;
        Ok(())
    }

    fn get(&self, name: &str, into: &mut dyn FnMut() -> io::Result<Box<dyn Write>>) -> io::Result<bool> {
        let got = self.ask(|| {
            let request = self.request(Method::GET, (&self.object(name), ""), (sign::NOTHING, ()))?;
            let mut answer = match self.send(request) {
                Ok(answer) if answer.status() == StatusCode::NOT_FOUND => {
                    return Ok(Answer::Here(Got::NotThere));
                }
                Ok(answer) => answer,
                Err(e) => return unanswered(e),
            };
            if !answer.status().is_success() {
                return refused(&mut answer);
            }
            let should = length(&answer);
            let (mut body, mut out) = (answer.into_body().into_reader(), into().map_err(own)?);
            let (mut chunk, mut bytes) = (vec![0; CHUNK], 0u64);
            loop {
                let some = match body.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(n) => chunk.get(..n).unwrap_or_default(),
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                    Err(e) => return Ok(Answer::Again(format!("its answer broke off: {e}"), None)),
                };
                out.write_all(some).map_err(own)?;
                bytes += some.len() as u64;
            }
            if let Some(should) = should.filter(|should| *should != bytes) {
                return Ok(Answer::Again(format!("its answer broke off: {bytes} of {should} bytes"), None));
            }
            out.flush().map_err(own)?;
            Ok(Answer::Here(Got::Here(Some(bytes))))
        })?;
        Ok(matches!(got, Got::Here(_)))
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        let got = self.ask(|| {
            let request = self.request(Method::HEAD, (&self.object(name), ""), (sign::NOTHING, ()))?;
            match self.send(request) {
                Ok(answer) if answer.status() == StatusCode::NOT_FOUND => Ok(Answer::Here(Got::NotThere)),
                Ok(answer) if answer.status().is_success() => Ok(Answer::Here(Got::Here(length(&answer)))),
                Ok(mut answer) => refused(&mut answer),
                Err(e) => unanswered(e),
            }
        })?;
        Ok(match got {
            Got::Here(length) => length,
            _ => None,
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.ask(|| {
            let request = self.request(Method::DELETE, (&self.object(name), ""), (sign::NOTHING, ()))?;
            match self.send(request) {
                Ok(answer) if answer.status().is_success() || answer.status() == StatusCode::NOT_FOUND => {
                    Ok(Answer::Here(Got::NotThere))
                }
                Ok(mut answer) => refused(&mut answer),
                Err(e) => unanswered(e),
            }
        })?;
        Ok(())
    }

    fn list(&self, begin: &str) -> io::Result<Vec<Object>> {
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            let (objects, next) = self.page(begin, token.as_deref())?;
            all.extend(objects);
            if next.is_some() && next == token {
                return Err(self.unreachable("its list does not go on".to_owned()));
            }
            match next {
                Some(next) => token = Some(next),
                None => return Ok(all),
            }
        }
    }
}

fn length(answer: &Response<Body>) -> Option<u64> {
    answer.headers().get("content-length")?.to_str().ok()?.parse().ok()
}

/// SHA-256 of what is read.
fn hashed(file: &mut File) -> io::Result<String> {
    let (mut hasher, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(sign::hex(&hasher.finalize())),
            n => hasher.update(chunk.get(..n).unwrap_or_default()),
        }
    }
}
