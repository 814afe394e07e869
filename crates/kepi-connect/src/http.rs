//! Pages of JSON of a server: asked for one after the other, again where the server asks for patience, and taken whole or
//! not at all.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use kepi_model::project::{Auth, HttpGet, HttpJob, Pages, Source, To};
use kepi_query::landing::{Fetched, Rows};
use serde_json::{Value, json};
use ureq::{
    Agent,
    http::{StatusCode, Uri, uri::Authority},
};

use crate::{
    asking::{Answer, Asking, unanswered},
    cursor::Cursor,
    error::FetchError,
    grant::{By, Grant},
    mapped::Mapped,
    page::{self, Page, newer},
    secret::Secrets,
    sign::encoded,
};

/// Longest page.
const LONGEST: u64 = 64 << 20;
/// Longest wait before a job is asked after again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// More pages than anybody has.
const MOST_PAGES: u64 = 100_000;
/// A server, and how it is asked.
pub(crate) struct Server {
    asking: Asking,
    /// The first wait before a job is asked after; it doubles.
    patience: Duration,
    headers: Vec<(String, String)>,
    /// What grants the token that lets in; none: what lets in is known.
    grant: Option<Grant>,
}

impl Server {
    /// The server of a connection, with what lets in.
    pub fn new(to: &To, secrets: &Secrets, patience: Duration) -> Result<Self, FetchError> {
        let To::Http { address, auth, rate, private } = to else {
            return Err(FetchError::Server("it leads to no server over HTTP".to_owned()));
        };
        let asking = Asking::new(address, (*rate, *private), secrets, patience)?;
        let mut headers = vec![("accept".to_owned(), "application/json, text/csv;q=0.9".to_owned())];
        let mut grant = None;
        headers.extend(match auth {
            None => None,
            Some(Auth::OAuth { token, client, secret, refresh, scope }) => {
                let id = secrets.setting(client)?;
                let by = refresh.as_ref().map(|refresh| By::new(refresh, secrets)).transpose()?;
                let asking = Asking::new(token, (*rate, *private), secrets, patience)?;
                grant = Some(Grant::new(asking, (id, secrets.read(secret)?), by, scope.as_deref()));
                None
            }
            Some(Auth::Bearer(token)) => {
                Some(("authorization".to_owned(), format!("Bearer {}", secrets.read(token)?)))
            }
            Some(Auth::Basic { user, password }) => {
                let both = format!("{}:{}", secrets.setting(user)?, secrets.read(password)?);
                Some(("authorization".to_owned(), format!("Basic {}", STANDARD.encode(both))))
            }
            Some(Auth::Header { name, value }) => Some((name.clone(), secrets.read(value)?)),
        });
        Ok(Self { asking, patience, headers, grant })
    }

    /// Fetches all pages behind a bookmark.
    pub async fn fetch(
        &mut self,
        (source, get): (&Source, &HttpGet),
        from: Option<&Value>,
        into: &mut dyn Rows,
    ) -> Result<Fetched, FetchError> {
        let since = get.since.as_ref().map(|since| (since, Cursor::of(source, &since.field)));
        let mut mapped = Mapped::of(source);
        let known = |key: &str| {
            from.and_then(|bookmark| bookmark.get(key)).and_then(Value::as_str).map(str::to_owned)
        };
        let mut query = get.query.clone();
        // Where an earlier version was carried too far, it begins anew.
        let may_be_at = |text: &String| since.as_ref().is_none_or(|(_, own)| own.may_be_at_text(text));
        let mut reached = known("since").filter(may_be_at);
        let new = get
            .since
            .as_ref()
            .map(|since| (since.parameter.clone(), reached.clone().unwrap_or_else(|| since.start.clone())));
        let path = match &get.job {
            Some(job) => self.made(job, new, &get.path).await?,
            None => {
                query.extend(new);
                get.path.clone()
            }
        };
        let mut url = format!("{}{path}", self.asking.address);
        let mut own = self.first(get, known("token"), &mut query);
        let (mut token, mut rows, mut before) = (known("token"), 0u64, None);
        for number in 0..MOST_PAGES {
            let all: Vec<(String, String)> = query.iter().cloned().chain(own.clone()).collect();
            let page = self.page(&url, all, None).await?;
            let taken = page.rows(&get.rows).map_err(|why| self.unlike(number, &why))?;
            if !taken.is_empty() && before == Some(page.content()) {
                return Err(self.unlike(number, "it is the same as the one before"));
            }
            before = Some(page.content());
            for row in &taken {
                let row_text = page::on_one_line(row);
                mapped.see(&row_text);
                into.row(&row_text).map_err(FetchError::Rows)?;
                if let Some((since, _)) = &since {
                    let value = page::text(row, &since.field);
                    let missing = || self.unlike(number, &format!("a row has no `{}`", since.field));
                    let value = value.ok_or_else(missing)?;
                    if reached.as_ref().is_none_or(|reached| newer(&value, reached)) && may_be_at(&value) {
                        reached = Some(value);
                    }
                }
            }
            rows += taken.len() as u64;
            let next = match &get.pages {
                Pages::One => None,
                Pages::Link(path) => page.text(path).map(Next::Link),
                Pages::LinkHeader(rel) => page.link(rel).map(Next::Link),
                Pages::Token { token: path, parameter, last, .. } => {
                    let told = page.text(path);
                    token = told.clone().or(token);
                    let over = last.as_ref().is_some_and(|path| page.text(path).as_deref() == Some("true"));
                    told.filter(|_| !over).map(|token| Next::With(parameter.clone(), token))
                }
                Pages::Number { parameter, first } => {
                    let number = (first + number + 1).to_string();
                    (!taken.is_empty()).then(|| Next::With(parameter.clone(), number))
                }
                Pages::Offset { parameter } => {
                    (!taken.is_empty()).then(|| Next::With(parameter.clone(), rows.to_string()))
                }
                Pages::After { parameter, field, more } => {
                    let more = more.as_ref().is_none_or(|path| page.text(path).as_deref() == Some("true"));
                    match taken.last().filter(|_| more) {
                        None => None,
                        Some(last) => {
                            let missing = || self.unlike(number, &format!("its last row has no `{field}`"));
                            Some(Next::With(parameter.clone(), page::text(last, field).ok_or_else(missing)?))
                        }
                    }
                }
            };
            match next {
                None => {
                    // Rows may leave out what has no value; what once was among all of them does not vanish from all.
                    let before = from.and_then(|bookmark| bookmark.get("columns")).and_then(Value::as_array);
                    let was_there = |column: &str| before.is_some_and(|all| all.iter().any(|c| c == column));
                    if get.is_whole() && rows > 0 {
                        mapped.refuse(was_there)?;
                    }
                    return Ok(self.done(get, reached, token, &mapped));
                }
                Some(Next::Link(link)) => {
                    (url, query, own) = (self.same_server(&link)?, Vec::new(), None);
                }
                Some(Next::With(parameter, value)) => {
                    query.retain(|(name, _)| !get.first.iter().any(|(first, _)| first == name));
                    own = Some((parameter, value));
                }
            }
        }
        Err(FetchError::Server(format!("it has more than {MOST_PAGES} pages")))
    }

    /// Has what is fetched made, and says where it is then. A job that nobody came back for is the server's to forget.
    async fn made(
        &mut self,
        job: &HttpJob,
        new: Option<(String, String)>,
        path: &str,
    ) -> Result<String, FetchError> {
        let unreadable = |e: serde_json::Error| FetchError::Server(e.to_string());
        let mut body: serde_json::Map<String, Value> = serde_json::from_str(&job.body).map_err(unreadable)?;
        body.extend(new.map(|(parameter, value)| (parameter, Value::String(value))));
        let url = format!("{}{}", self.asking.address, job.start);
        let started = self.page(&url, Vec::new(), Some(Value::Object(body).to_string())).await?;
        let poll = format!("{}{}", self.asking.address, filled(&job.poll, &[&started])?);
        let mut wait = self.patience;
        loop {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
            let answer = self.page(&poll, Vec::new(), None).await?;
            match answer.text(&job.state) {
                Some(state) if state == job.done => return filled(path, &[&answer, &started]),
                Some(state) if job.failed.contains(&state) => {
                    return Err(FetchError::Server(format!(
                        "the job that makes what is fetched ended as `{state}`; ask the server why"
                    )));
                }
                Some(_) => {}
                None => {
                    return Err(FetchError::Server(format!(
                        "what it says of the job has no `{}`, its `state`",
                        job.state
                    )));
                }
            }
        }
    }

    /// What the first request is asked with of its own.
    fn first(
        &self,
        get: &HttpGet,
        token: Option<String>,
        query: &mut Vec<(String, String)>,
    ) -> Option<(String, String)> {
        let own = match &get.pages {
            Pages::Token { parameter, resume: true, .. } => token.map(|token| (parameter.clone(), token)),
            Pages::Number { parameter, first } => Some((parameter.clone(), first.to_string())),
            Pages::Offset { parameter } => Some((parameter.clone(), "0".to_owned())),
            _ => None,
        };
        if !matches!(get.pages, Pages::Token { resume: true, .. }) || own.is_none() {
            query.extend(get.first.iter().cloned());
        }
        own
    }

    fn done(
        &self,
        get: &HttpGet,
        reached: Option<String>,
        token: Option<String>,
        mapped: &Mapped,
    ) -> Fetched {
        let bookmark = match (&get.since, &get.pages, reached, token) {
            (Some(_), _, Some(since), _) => json!({ "since": since }),
            (_, Pages::Token { resume: true, .. }, _, Some(token)) => json!({ "token": token }),
            _ if get.is_whole() => json!({ "columns": mapped.seen() }),
            _ => json!({}),
        };
        Fetched { whole: get.is_whole(), bookmark, more: false }
    }

    fn unlike(&self, page: u64, why: &str) -> FetchError {
        FetchError::Server(format!("page {} is not as it should be: {why}", page + 1))
    }

    /// The address of a next page, which stands on the same server: to no other is shown what lets in.
    fn same_server(&self, link: &str) -> Result<String, FetchError> {
        let away = || FetchError::Server("the next page is on another server, which is not asked".to_owned());
        let own: Uri = self.asking.address.parse().map_err(|_| away())?;
        let of = |uri: &Uri| (uri.scheme_str().map(str::to_owned), uri.authority().map(Authority::to_string));
        if link.starts_with('/') && !link.starts_with("//") {
            let (Some(scheme), Some(authority)) = of(&own) else { return Err(away()) };
            return Ok(format!("{scheme}://{authority}{link}"));
        }
        let next: Uri = link.parse().map_err(|_| away())?;
        if of(&next) == of(&own) { Ok(link.to_owned()) } else { Err(away()) }
    }

    /// A page, asked for until it comes whole or the server has refused often enough.
    async fn page(
        &mut self,
        url: &str,
        query: Vec<(String, String)>,
        body: Option<String>,
    ) -> Result<Page, FetchError> {
        let mut renewed = false;
        loop {
            let mut headers = self.headers.clone();
            if let Some(grant) = &mut self.grant {
                headers.push(("authorization".to_owned(), format!("Bearer {}", grant.token().await?)));
            }
            let begin = |agent: &Agent| {
                let (agent, url, query, headers, body) =
                    (agent.clone(), url.to_owned(), query.clone(), headers.clone(), body.clone());
                Ok(move || ask(&agent, &url, &query, &headers, body.as_deref()))
            };
            match (self.asking.ask(begin).await?, &mut self.grant) {
                (Got::Page(page), _) => return Ok(page),
                // A token may run out between two pages: once another is asked for.
                (Got::Refused(StatusCode::UNAUTHORIZED), Some(grant)) if !renewed => {
                    renewed = true;
                    grant.forget();
                }
                (Got::Refused(status), _) => {
                    return Err(FetchError::Server(format!(
                        "it answered {status}: `auth` of the connection does not let in"
                    )));
                }
            }
        }
    }
}

/// What a server answered.
enum Got {
    Page(Page),
    /// Whoever asks is not let in.
    Refused(StatusCode),
}

/// How the next page is asked for.
enum Next {
    Link(String),
    With(String, String),
}

/// A path with what answers have where its braces say, the first that has it.
fn filled(path: &str, answers: &[&Page]) -> Result<String, FetchError> {
    let mut filled = String::new();
    let mut rest = path;
    while let Some((before, (name, behind))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        let missing = || {
            FetchError::Server(format!("what it says of the job has no `{name}`, which `{path}` asks for"))
        };
        let value = answers.iter().find_map(|answer| answer.text(name)).ok_or_else(missing)?;
        filled.push_str(before);
        filled.push_str(&encoded(&value, false));
        rest = behind;
    }
    Ok(filled + rest)
}

/// Asks once: for what is there, or by JSON that is sent.
fn ask(
    agent: &Agent,
    url: &str,
    query: &[(String, String)],
    headers: &[(String, String)],
    body: Option<&str>,
) -> Result<Answer<Got>, FetchError> {
    let with = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let query = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let asked = match body {
        None => {
            with.fold(agent.get(url).query_pairs(query), |to, (name, value)| to.header(name, value)).call()
        }
        Some(body) => with
            .fold(agent.post(url).query_pairs(query), |to, (name, value)| to.header(name, value))
            .header("content-type", "application/json")
            .send(body),
    };
    let mut answer = match asked {
        Ok(answer) => answer,
        Err(e) => return unanswered(e),
    };
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let (status, after, all) = (answer.status(), header("retry-after"), answer.headers().clone());
    let body = answer.body_mut().with_config().limit(LONGEST).read_to_vec();
    match (status, body) {
        (status, _) if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
            Ok(Answer::Again(format!("it answered {status}"), after.as_deref().and_then(page::wait)))
        }
        (status, _) if status.is_redirection() => Err(FetchError::Server(format!(
            "it answered {status}, and no redirection is followed; correct `address` or `get`"
        ))),
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => Ok(Answer::Here(Got::Refused(status))),
        (status, Ok(_)) if !status.is_success() => Err(FetchError::Server(format!("it answered {status}"))),
        (_, Err(ureq::Error::BodyExceedsLimit(_))) => Err(FetchError::Server(format!(
            "a page is longer than {} MiB; ask for shorter ones",
            LONGEST >> 20
        ))),
        (_, Err(e)) => Ok(Answer::Again(format!("its answer broke off: {e}"), None)),
        (_, Ok(body)) => match Page::new(body, all) {
            Ok(page) => Ok(Answer::Here(Got::Page(page))),
            Err(why) => Ok(Answer::Again(format!("its answer is neither JSON nor CSV: {why}"), None)),
        },
    }
}
