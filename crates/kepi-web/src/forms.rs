//! Forms: what they carry, what becomes of what they send. They need no script: a form is posted, done once, and leads to the
//! page of what came of it; what is refused is said on the page that it came from, with what was typed.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Extension, RawPathParams},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use kepi_report::{
    decided::Draft,
    reader::{Reader, ViewError},
    view::Viewer,
};
use maud::{Markup, html};

use crate::{
    desk::{Deed, Desk, Edit, NewPlan, NotDone, Saying, Stance, Wish},
    doors::{Attempt, Guest, foreign, see},
    pages::{PAGES, Params, Said},
    respond::{self, Kind},
};

/// What a form sent.
pub(crate) type Fields = Vec<(String, String)>;

/// Where a form is sent to.
pub struct FormRoute {
    /// Its route.
    pub path: &'static str,
    /// The page that it stands on, which is shown again where it is refused.
    pub page: &'static str,
    pub(crate) wish: fn(&str, &Fields) -> Result<Wish, String>,
}

/// The action of the policies that all forms need.
pub const DECIDE: &str = "decide";

/// All forms but those by which one comes in. To add one: a row here.
pub const FORMS: &[FormRoute] = &[
    FormRoute { path: "/items/{id}/vote", page: "/items/{id}", wish: vote },
    FormRoute { path: "/items/{id}/remark", page: "/items/{id}", wish: remark },
    FormRoute {
        path: "/items/{id}/withdraw",
        page: "/items/{id}",
        wish: |id, _| Ok(Wish::Withdraw { item: number(id)? }),
    },
    FormRoute { path: "/items/{id}/attend", page: "/items/{id}", wish: attend },
    FormRoute {
        path: "/items/{id}/acknowledge",
        page: "/items/{id}",
        wish: |id, _| act(id, Ok(Deed::Acknowledge)),
    },
    FormRoute {
        path: "/items/{id}/assign",
        page: "/items/{id}",
        wish: |id, fields| act(id, said(fields, "to", "say to whom it is to go").map(Deed::Assign)),
    },
    FormRoute {
        path: "/items/{id}/refuse",
        page: "/items/{id}",
        wish: |id, fields| act(id, reason(fields).map(Deed::Refuse)),
    },
    FormRoute {
        path: "/items/{id}/snooze",
        page: "/items/{id}",
        wish: |id, fields| {
            let hours = field(fields, "hours").parse().ok().filter(|hours| *hours > 0);
            let hours = hours.ok_or_else(|| "say in how many hours you want to see it again".to_owned());
            act(id, hours.and_then(|hours| Ok(Deed::Snooze(hours, reason(fields)?))))
        },
    },
    FormRoute {
        path: "/items/{id}/dismiss",
        page: "/items/{id}",
        wish: |id, fields| act(id, reason(fields).map(Deed::Dismiss)),
    },
    FormRoute {
        path: "/items/{id}/finish",
        page: "/items/{id}",
        wish: |id, fields| {
            let why = short(fields, "why")?;
            let outcome = said(fields, "outcome", "say what came of it")?;
            act(id, Ok(Deed::Finish(outcome, Some(why).filter(|why| !why.is_empty()))))
        },
    },
    FormRoute {
        path: "/items/{id}/contact",
        page: "/items/{id}",
        wish: |id, fields| {
            let by = said(fields, "by", "say by which way")?;
            let reached = yes_or_no(fields, "reached", "say whether the customer was reached")?;
            act(id, Ok(Deed::Contact(by, reached, note(fields)?)))
        },
    },
    FormRoute {
        path: "/items/{id}/close",
        page: "/items/{id}",
        wish: |id, fields| {
            let outcome = said(fields, "outcome", "say what came of it")?;
            let cause = said(fields, "cause", "name the root cause")?;
            act(id, Ok(Deed::Close(outcome, cause, note(fields)?)))
        },
    },
    FormRoute {
        path: "/items/{id}/answer",
        page: "/items/{id}",
        wish: |id, fields| {
            let settled = yes_or_no(fields, "settled", "say whether it is settled for the customer")?;
            act(id, Ok(Deed::Answer(settled, note(fields)?)))
        },
    },
    FormRoute {
        path: "/items/{id}/take-back",
        page: "/items/{id}",
        wish: |id, fields| Ok(Wish::TakeBack { item: number(id)?, why: reason(fields)? }),
    },
    FormRoute { path: "/items/{id}/decide", page: "/items/{id}", wish: decide },
    FormRoute { path: "/items/{id}/plan", page: "/items/{id}", wish: plan },
    FormRoute {
        path: "/items/{id}/learn",
        page: "/items/{id}",
        wish: |id, fields| {
            short(fields, "findings")?;
            short(fields, "follows")?;
            Ok(Wish::Learn {
                item: number(id)?,
                findings: said(fields, "findings", "say why the effect did not come")?,
                follows: said(fields, "follows", "say what follows from it")?,
            })
        },
    },
    FormRoute {
        path: "/periods/freeze",
        page: "/periods",
        wish: |_, fields| {
            let aspects: Vec<String> =
                fields.iter().filter(|(name, _)| name == "aspect").map(|(_, value)| value.clone()).collect();
            if aspects.is_empty() {
                return Err("tick in which respects nothing may change".to_owned());
            }
            Ok(Wish::Freeze {
                period: said(fields, "period", "name a period, such as 2026-H1")?,
                aspects,
                why: reason(fields)?,
            })
        },
    },
    FormRoute {
        path: "/data/corrections/say",
        page: "/data/corrections",
        wish: |_, fields| {
            let column = said(fields, "column", "name the column")?;
            let text = short(fields, "value")?;
            let is = match (text.is_empty(), field(fields, "nothing") == "yes") {
                (true, true) => None,
                (false, false) => Some(text),
                _ => return Err("say what stands there, or that nothing does".to_owned()),
            };
            correction(fields, Some((column, is)))
        },
    },
    FormRoute {
        path: "/data/corrections/take-back",
        page: "/data/corrections",
        wish: |_, fields| correction(fields, None),
    },
    FormRoute { path: "/changes", page: "/changes/new", wish: change },
    FormRoute {
        path: "/pain-points",
        page: "/feedback",
        wish: |_, fields| {
            let unit = Some(field(fields, "unit").trim().to_owned()).filter(|unit| !unit.is_empty());
            Ok(Wish::PainPoint { kpi: said(fields, "kpi", "choose the KPI")?, unit, text: reason(fields)? })
        },
    },
    FormRoute {
        path: "/commentary",
        page: "/commentary/new",
        wish: |_, fields| {
            let part = |name| {
                said(fields, name, "say all five parts: none may be missing")?;
                short(fields, name)
            };
            Ok(Wish::Comment {
                kpi: said(fields, "kpi", "name the KPI")?,
                period: said(fields, "period", "name a period, such as 2026-05")?,
                unit: Some(short(fields, "unit")?).filter(|unit| !unit.is_empty()),
                parts: [part("what")?, part("why")?, part("done")?, part("outlook")?, part("unsure")?],
            })
        },
    },
    FormRoute {
        path: "/disputes",
        page: "/disputes/new",
        wish: |_, fields| {
            Ok(Wish::Dispute {
                kpi: said(fields, "kpi", "name the KPI")?,
                period: said(fields, "period", "name a period, such as 2026-05")?,
                unit: Some(short(fields, "unit")?).filter(|unit| !unit.is_empty()),
                why: reason(fields)?,
            })
        },
    },
    FormRoute {
        path: "/entries",
        page: "/entries/new",
        wish: |_, fields| {
            Ok(Wish::Enter {
                kpi: said(fields, "kpi", "name the KPI")?,
                period: said(fields, "period", "name a period, such as 2026-05")?,
                part: short(fields, "part")?,
                value: said(fields, "value", "say the figure")?,
                evidence: said(fields, "evidence", "say what it rests on")?,
                why: reason(fields)?,
            })
        },
    },
    FormRoute {
        path: "/periods/lift",
        page: "/periods",
        wish: |_, fields| Ok(Wish::Lift { item: number(field(fields, "item"))?, why: reason(fields)? }),
    },
    FormRoute {
        path: "/periods/close",
        page: "/periods",
        wish: |_, fields| {
            Ok(Wish::Close {
                period: said(fields, "period", "name a period, such as 2026-Q1")?,
                why: reason(fields)?,
            })
        },
    },
];

fn correction(fields: &Fields, cell: Option<(String, Option<String>)>) -> Result<Wish, String> {
    let row = said(fields, "row", "say which row it is")?;
    Ok(Wish::Correct {
        source: said(fields, "source", "name the source")?,
        file: said(fields, "file", "name the file")?,
        row: row.parse().map_err(|_| format!("`{row}` is no number of a row: they count from 1"))?,
        cell,
        why: reason(fields)?,
    })
}

/// The beginning of the names of values in a small form.
const VALUE: &str = "value.";

fn change(_: &str, fields: &Fields) -> Result<Wish, String> {
    let id = said(fields, "id", "open the page of the definition again and send the form from there")?;
    let from = Some(field(fields, "from").to_owned()).filter(|from| !from.is_empty());
    let values = fields
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(VALUE)?.to_owned(), value.trim().to_owned())));
    let values: Vec<(String, String)> = values.collect();
    let edit =
        if values.is_empty() { Edit::Text(field(fields, "text").to_owned()) } else { Edit::Values(values) };
    let why = match field(fields, "do") {
        "propose" => Some(reason(fields)?),
        _ => None,
    };
    let item = match field(fields, "item") {
        "" => None,
        item => Some(number(item)?),
    };
    Ok(Wish::Change { id, from, edit, item, why })
}

/// The longest reason.
const MOST_REASON: usize = 4000;

fn vote(id: &str, fields: &Fields) -> Result<Wish, String> {
    let stance = match field(fields, "stance") {
        "yes" => Stance::Yes,
        "no" => Stance::No,
        "abstain" => Stance::Abstain,
        _ => return Err("say whether you approve, reject or abstain".to_owned()),
    };
    let why = field(fields, "why").trim();
    if stance == Stance::No && why.is_empty() {
        return Err("say why you reject it: who wrote it has to know what to change".to_owned());
    }
    if why.len() > MOST_REASON {
        return Err("say it in fewer words".to_owned());
    }
    let content = said(fields, "content", "open the page of the item again and send the form from there")?;
    Ok(Wish::Vote {
        item: number(id)?,
        stance,
        content,
        why: Some(why.to_owned()).filter(|why| !why.is_empty()),
    })
}

fn remark(id: &str, fields: &Fields) -> Result<Wish, String> {
    let saying = match (field(fields, "says"), field(fields, "to")) {
        ("objection", _) => Saying::Objection,
        ("resolution", to) => Saying::Resolution(
            to.parse()
                .map_err(|_| "open the page of the item again and send the form from there".to_owned())?,
        ),
        _ => Saying::Comment,
    };
    let content = said(fields, "content", "open the page of the item again and send the form from there")?;
    Ok(Wish::Remark { item: number(id)?, saying, content, text: reason(fields)? })
}

fn act(id: &str, deed: Result<Deed, String>) -> Result<Wish, String> {
    Ok(Wish::Act { item: number(id)?, deed: deed? })
}

fn attend(id: &str, fields: &Fields) -> Result<Wish, String> {
    let present: Vec<String> =
        fields.iter().filter(|(name, _)| name == "present").map(|(_, value)| value.clone()).collect();
    match present.is_empty() {
        true => Err("say who was there".to_owned()),
        false => act(id, Ok(Deed::Attend(present))),
    }
}

fn decide(id: &str, fields: &Fields) -> Result<Wish, String> {
    let point = said(fields, "point", "open the page of the review again and send the form from there")?;
    let point = point.parse().map_err(|_| format!("`{point}` is no point of the agenda"))?;
    let decision = said(fields, "decision", "say what is decided")?;
    let why = reason(fields)?;
    let (who, by) = (short(fields, "who")?, short(fields, "by")?);
    let follows = match (who.is_empty(), by.is_empty()) {
        (true, true) => None,
        (false, false) => Some((who, by)),
        _ => return Err("say both: who does it, and until when".to_owned()),
    };
    act(id, Ok(Deed::Decide { point, decision, why, follows }))
}

/// So many actions can be typed into one form.
pub(crate) const MOST_ACTIONS: usize = 5;

fn plan(id: &str, fields: &Fields) -> Result<Wish, String> {
    let mut actions = Vec::new();
    for n in 1..=MOST_ACTIONS {
        let of = |name: &str| short(fields, &format!("{name}.{n}"));
        let (who, by, what) = (of("who")?, of("by")?, of("what")?);
        // Who does it is chosen from a list, where the first is there before anybody chose.
        match (by.is_empty(), what.is_empty()) {
            (true, true) => {}
            (false, false) if !who.is_empty() => actions.push((who, by, what)),
            _ => return Err(format!("say of action {n} who does what, and until when")),
        }
    }
    if actions.is_empty() {
        return Err("say at least one thing that somebody does until a day".to_owned());
    }
    let part = |name: &str, or: &str| short(fields, name).and_then(|_| said(fields, name, or));
    Ok(Wish::Plan {
        item: number(id)?,
        plan: NewPlan {
            cause: part("cause", "say why it happened")?,
            method: part("method", "say how the cause was found")?,
            evidence: part("evidence", "say what shows that this is the cause")?,
            actions,
            change: part("change", "say by how much the KPI is to differ")?,
            period: part("period", "name the period in which that is measured, such as 2026-Q3")?,
        },
    })
}

/// What was said in words, if anything was.
fn note(fields: &Fields) -> Result<Option<String>, String> {
    Ok(Some(short(fields, "why")?).filter(|why| !why.is_empty()))
}

fn yes_or_no(fields: &Fields, name: &str, or: &str) -> Result<bool, String> {
    match field(fields, name) {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(or.to_owned()),
    }
}

/// What was typed, if it is not too long.
fn short(fields: &Fields, name: &str) -> Result<String, String> {
    let text = field(fields, name).trim();
    if text.len() > MOST_REASON { Err("say it in fewer words".to_owned()) } else { Ok(text.to_owned()) }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no item"))
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
}

fn said(fields: &Fields, name: &str, or: &str) -> Result<String, String> {
    let text = field(fields, name).trim();
    if text.is_empty() { Err(or.to_owned()) } else { Ok(text.to_owned()) }
}

fn reason(fields: &Fields) -> Result<String, String> {
    let why = said(fields, "why", "say why: others decide by it, and it is read years later")?;
    if why.len() > MOST_REASON { Err("say it in fewer words".to_owned()) } else { Ok(why) }
}

/// The routes of all forms.
pub(crate) fn routes(reader: &Arc<dyn Reader>, desk: &Arc<dyn Desk>) -> Router {
    let mut router = Router::new();
    for form in FORMS {
        let (reader, desk) = (Arc::clone(reader), Arc::clone(desk));
        let take = move |guest: Option<Extension<Guest>>,
                         viewer: Option<Extension<Viewer>>,
                         path: RawPathParams,
                         axum::Form(fields): axum::Form<Fields>| {
            let id = path.iter().next().map(|(_, value)| value.to_owned());
            let sent = Sent { form, id, fields };
            take(sent, guest.zip(viewer), Arc::clone(&reader), Arc::clone(&desk))
        };
        router = router.route(form.path, post(take));
    }
    router
}

/// A form that was sent.
struct Sent {
    form: &'static FormRoute,
    id: Option<String>,
    fields: Fields,
}

impl Sent {
    /// What the page is of, where its query says so.
    fn place(&self) -> Fields {
        let said = self.fields.iter().filter(|(name, _)| ["id", "from"].contains(&name.as_str()));
        said.cloned().collect()
    }
}

async fn take(
    sent: Sent,
    who: Option<(Extension<Guest>, Extension<Viewer>)>,
    reader: Arc<dyn Reader>,
    desk: Arc<dyn Desk>,
) -> Response {
    // Where nobody stands at the door nobody is known, and nobody decides.
    let Some((Extension(guest), Extension(viewer))) = who else { return foreign() };
    let Some(page) = PAGES.iter().find(|page| page.path == sent.form.page) else { return foreign() };
    let own = viewer.form_key.as_ref().is_some_and(|key| field(&sent.fields, "key") == key);
    if !own {
        return foreign();
    }
    if let Some(sight) = guest.visitor.sight.as_ref().filter(|sight| !sight.decides()) {
        let attempt = Attempt { action: DECIDE, on: ("decisions", "all".to_owned()), unit: None };
        guest.door.refused(&guest.visitor, attempt).await;
        let reason = format!("{}; {}", sight.why_no_decisions(true), sight.whom());
        return respond::error(Kind::Html, &ViewError::Refused { reason });
    }
    // A form is taken from whom its page is shown to: what is not seen is not changed either.
    let shown = Params::new(sent.id.clone(), sent.place());
    if let Err(response) =
        crate::show_page(page, Kind::Html, Arc::clone(&reader), Some((viewer.clone(), guest.clone())), shown)
            .await
    {
        return response;
    }
    let key = field(&sent.fields, "request");
    let done = match (sent.form.wish)(sent.id.as_deref().unwrap_or_default(), &sent.fields) {
        Err(why) => Err(NotDone::Refused(vec![why])),
        Ok(_) if key.is_empty() => {
            Err(NotDone::Refused(vec!["open the page again and send the form from there".to_owned()]))
        }
        Ok(wish) => desk.act(&guest.visitor, wish, key).await,
    };
    match done {
        Ok(Some(item)) => see(&format!("/items/{item}")),
        // What came of it stands where it was asked for.
        Ok(None) => see(sent.form.page),
        Err(NotDone::Unavailable(why)) => {
            respond::problem(Kind::Html, StatusCode::SERVICE_UNAVAILABLE, "unavailable", &why)
        }
        Err(NotDone::Refused(why)) => again(sent, why, None, guest, viewer, reader).await,
        Err(NotDone::Draft(draft)) => again(sent, Vec::new(), Some(draft), guest, viewer, reader).await,
    }
}

/// The page that a form came from, with why nothing came of it.
async fn again(
    sent: Sent,
    why: Vec<String>,
    draft: Option<Draft>,
    guest: Guest,
    viewer: Viewer,
    reader: Arc<dyn Reader>,
) -> Response {
    let Some(page) = PAGES.iter().find(|page| page.path == sent.form.page) else { return foreign() };
    let status = if why.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let query = sent.place();
    let said = Said { why, form: sent.form.path, fields: sent.fields, draft };
    let params = Params::new(sent.id, query).with(said);
    let shown = crate::show_page(page, Kind::Html, reader, Some((viewer, guest)), params).await;
    match shown {
        Ok(text) => {
            let headers =
                [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
            (status, headers, text).into_response()
        }
        Err(response) => response,
    }
}

/// What every form carries: who it is of, and what makes it one request.
pub(crate) fn hidden(viewer: &Viewer) -> Markup {
    html! {
        @if let Some(key) = &viewer.form_key { input type="hidden" name="key" value=(key); }
        input type="hidden" name="request" value=(viewer.request_key);
    }
}

/// Why nothing came of what was sent.
pub(crate) fn refused(said: Option<&Said>) -> Markup {
    html! {
        @if let Some(said) = said.filter(|said| !said.why.is_empty()) {
            div.refused #refused role="alert" tabindex="-1" {
                h2 { span.shape aria-hidden="true" { "▲ " } "That was not done" }
                @for why in &said.why { p { (super::pages::error::sentence(why)) } }
            }
        }
    }
}

/// What was typed.
pub(crate) fn typed<'a>(said: Option<&'a Said>, name: &str) -> &'a str {
    said.map_or("", |said| field(&said.fields, name))
}

/// What was typed into one of several forms of a page.
pub(crate) fn typed_at<'a>(said: Option<&'a Said>, form: &str, name: &str) -> &'a str {
    typed(said.filter(|said| said.form == form), name)
}

/// Asks which figure it is about, with what stands in the fields.
pub(crate) fn figure(was: impl Fn(&str) -> String) -> Markup {
    html! {
        label { span { "KPI, by its name in definitions" } input type="text" name="kpi" required value=(was("kpi")); }
        label { span { "Period, such as 2026-05" } input type="text" name="period" required value=(was("period")); }
        label { span { "Unit; without one it is of all rows" } input type="text" name="unit" value=(was("unit")); }
    }
}

/// Asks for a reason.
pub(crate) fn why(said: Option<&Said>, form: &str) -> Markup {
    html! { label { span { "Why" } textarea name="why" rows="2" required maxlength=(MOST_REASON) { (typed_at(said, form, "why")) } } }
}
