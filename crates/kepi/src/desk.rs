//! The desk of a server: what forms ask for is done by the same doors as what the command line asks for.

use std::{path::PathBuf, sync::Arc};

use kepi_app::{
    App, AppError,
    acting::{By, Decision, Disputed, Doing, Method, NewPlan, no_figure},
    commentary::Commenting,
    correcting::RowOf,
    deciding::{self, Acting, Deciding, Stance},
    editing::Edit,
    entries::Entering,
    named,
    negotiating::Saying,
};
use kepi_govern::laws;
use kepi_model::governance::{Aspect, Mode};
use kepi_report::seen::Sight;
use kepi_store::{StoreError, Violations};
use kepi_web::{
    desk::{self, Deed, Desk, NotDone, Wish},
    doors::{Answer, Visitor},
};
use tokio::sync::Mutex;

use crate::{
    cli::Address,
    compose::{self, Site},
    failure::Failure,
    progress::Terminal,
};

/// The desk of the project at a site.
pub struct SiteDesk {
    folder: PathBuf,
    address: Option<Address>,
    /// Opened to write with the first form: who only reads locks nothing.
    opened: Mutex<Option<Arc<App>>>,
}

impl SiteDesk {
    /// The desk at a site.
    pub fn new(site: Site<'_>) -> Self {
        Self { folder: site.folder.to_owned(), address: site.store.cloned(), opened: Mutex::new(None) }
    }

    async fn app(&self) -> Result<Arc<App>, Failure> {
        let mut held = self.opened.lock().await;
        if held.as_ref().is_some_and(|app| app.store.is_replaced()) {
            *held = None;
        }
        if let Some(app) = held.as_ref() {
            return Ok(Arc::clone(app));
        }
        let site = Site { folder: &self.folder, store: self.address.as_ref(), lake: None };
        if compose::audited(site).await?.is_none() {
            let why = "nothing is in force yet: the first `kepi run` puts in force what stands in the folder";
            return Err(Failure::Other(why.to_owned()));
        }
        let app = Arc::new(compose::app(site, compose::Means::default()).await?);
        *held = Some(Arc::clone(&app));
        Ok(app)
    }

    /// Of what is not seen nothing is said, in the words in which nothing is said of what there is not.
    async fn seen(&self, sight: &Arc<dyn Sight>, wish: &Wish) -> Result<(), AppError> {
        let sees = |kpi: &str, unit: Option<&str>| {
            let unit = unit.map(str::parse).transpose();
            kpi.parse().is_ok_and(|kpi| unit.is_ok_and(|unit| sight.kpi(&kpi, unit.as_ref())))
        };
        match wish {
            Wish::Dispute { kpi, period, unit, .. } | Wish::Comment { kpi, period, unit, .. }
                if !sees(kpi, unit.as_deref()) =>
            {
                Err(no_figure(Disputed { kpi, period, unit: unit.as_deref() }))
            }
            Wish::PainPoint { kpi, unit, .. } if !sees(kpi, unit.as_deref()) => {
                Err(named::no_such(kpi, unit.as_deref()))
            }
            Wish::Correct { source, .. } if !source.parse().is_ok_and(|source| sight.rows(&source)) => {
                Err(AppError::NotFound(format!("it is about rows of `{source}` that you do not see")))
            }
            Wish::Enter { kpi, part, .. } if !sees(kpi, None) => {
                let project = self.app().await.map_err(|_| AppError::Busy)?.in_force().await?;
                let mut units = named::units_of(&project, part);
                match units.any(|unit| sees(kpi, Some(unit.as_str()))) {
                    true => Ok(()),
                    false => Err(named::no_such(kpi, Some(part))),
                }
            }
            _ => Ok(()),
        }
    }

    /// A row that is corrected by hand, or taken as it came again; sent twice it has one outcome.
    async fn corrected(
        &self,
        actor: &str,
        (of, cell): (RowOf<'_>, Option<(String, Option<String>)>),
        why: &str,
        key: &str,
    ) -> Result<(), NotDone> {
        let app = self.app().await.map_err(unavailable)?;
        let key = format!("form/{key}");
        let sent = app.store.performed(&key).await.map_err(|error| in_words(error.into(), actor))?;
        if sent.is_some() {
            return Ok(());
        }
        let acting = Acting { actor, at: compose::now(), key: Some(&key) };
        let done = match cell {
            Some(cell) => app.correct(of, &[cell], why, acting).await,
            None => app.take_back_correction(of, why, acting).await,
        };
        done.map(drop).map_err(|error| in_words(error, actor))
    }

    async fn done(&self, actor: &str, wish: Wish, key: &str) -> Result<u64, NotDone> {
        let app = self.app().await.map_err(unavailable)?;
        let deciding = Deciding(&app.store);
        let key = format!("form/{key}");
        // A form that is sent twice has one outcome, and leads to it.
        if let Some(item) = deciding.sent_before(&key, actor).await.map_err(|error| in_words(error, actor))? {
            return Ok(item);
        }
        let acting = Acting { actor, at: compose::now(), key: Some(&key) };
        if let Wish::Change { id, from, edit, item, why } = wish {
            let item = changed(&app, (&id, from.as_deref(), item), edit, why, acting).await?;
            dual_runs(app);
            return Ok(item);
        }
        let votes = matches!(wish, Wish::Vote { .. });
        match wanted(&app, wish, acting).await {
            Ok(item) => {
                // What others proposed may rest on something else by it.
                if votes {
                    dual_runs(Arc::clone(&app));
                }
                Ok(item)
            }
            // Both came at once, and the other was first.
            Err(AppError::Store(StoreError::KeyUsed(_))) => {
                let item = deciding.sent_before(&key, actor).await.map_err(|error| in_words(error, actor))?;
                item.ok_or_else(|| {
                    NotDone::Refused(vec!["the form was used already; open the page again".to_owned()])
                })
            }
            Err(error) => Err(in_words(error, actor)),
        }
    }
}

/// Computes figures by both definitions of what waits, beside: nobody waits for them, and the page shows them once they are there.
fn dual_runs(app: Arc<App>) {
    tokio::spawn(async move {
        if let Err(why) = app.dual_runs(compose::now(), false, &Terminal::new(true)).await {
            tracing::warn!("figures by both definitions were not computed: {why}");
        }
    });
}

/// A definition written anew: looked at, or proposed if it has no errors.
async fn changed(
    app: &App,
    (id, from, item): (&str, Option<&str>, Option<u64>),
    edit: desk::Edit,
    why: Option<String>,
    acting: Acting<'_>,
) -> Result<u64, NotDone> {
    let words = |error| in_words(error, acting.actor);
    if deciding::mode(&app.store).await.map_err(words)? == Mode::Open {
        let why = "this project is open: what stands in its files is put in force by the next run, and would take the place of what is \
                   said here; change the file, or let a `governance:` say who decides";
        return Err(NotDone::Refused(vec![why.to_owned()]));
    }
    let values: Vec<(Vec<String>, String)>;
    let edit = match &edit {
        desk::Edit::Text(text) => Edit::Text(text),
        desk::Edit::Values(all) => {
            let path = |path: &String| path.split('/').map(str::to_owned).collect();
            values = all.iter().map(|(at, value)| (path(at), value.clone())).collect();
            Edit::Values(&values)
        }
    };
    let drafted = Deciding(&app.store).drafted(id, from, edit, item).await.map_err(words)?;
    match (why, drafted.whole) {
        (Some(why), Some((files, project))) => {
            Deciding(&app.store).propose(&files, &project, acting, &why, item).await.map_err(words)
        }
        (_, _) => Err(NotDone::Draft(drafted.draft)),
    }
}

async fn wanted(app: &App, wish: Wish, acting: Acting<'_>) -> Result<u64, AppError> {
    let deciding = Deciding(&app.store);
    match wish {
        Wish::Vote { item, stance, content, why } => {
            let stance = match stance {
                desk::Stance::Yes => Stance::Yes,
                desk::Stance::No => Stance::No,
                desk::Stance::Abstain => Stance::Abstain,
            };
            deciding.vote(item, stance, Some(&content), acting, why.as_deref()).await?;
            Ok(item)
        }
        Wish::Remark { item, saying, content, text } => {
            let saying = match saying {
                desk::Saying::Comment => Saying::Comment,
                desk::Saying::Objection => Saying::Objection,
                desk::Saying::Resolution(of) => Saying::Resolution(of),
            };
            deciding.remark(item, saying, Some(&content), acting, &text).await.map(|()| item)
        }
        Wish::Withdraw { item } => deciding.withdraw(item, acting).await.map(|()| item),
        Wish::Freeze { period, aspects, why } => {
            let aspects: Vec<Aspect> = aspects.iter().filter_map(|word| Aspect::of_word(word)).collect();
            app.freeze(&period, &aspects, acting, &why).await
        }
        Wish::Act { item, deed } => {
            let by = match &deed {
                Deed::Decide { follows: Some((_, by)), .. } => Some(
                    by.parse()
                        .map_err(|_| AppError::NotFound(format!("`{by}` is no day: write 2026-05-20")))?,
                ),
                _ => None,
            };
            let doing = match &deed {
                Deed::Acknowledge => Doing::Acknowledge,
                Deed::Assign(to) => Doing::Assign(to),
                Deed::Refuse(why) => Doing::Refuse(why),
                Deed::Snooze(hours, why) => Doing::Snooze(*hours, why),
                Deed::Dismiss(why) => Doing::Dismiss(why),
                Deed::Finish(outcome, why) => Doing::Finish(outcome, why.as_deref()),
                Deed::FinishStep(step, outcome, why) => Doing::FinishStep(*step, outcome, why.as_deref()),
                Deed::Close(outcome, cause, why) => Doing::Close(outcome, cause, why.as_deref()),
                Deed::Contact(by, reached, note) => {
                    let by = By::ALL.into_iter().find(|known| known.word() == by);
                    let by = by.ok_or_else(|| AppError::NotFound("choose by which way".to_owned()))?;
                    Doing::Contact(by, *reached, note.as_deref())
                }
                Deed::Attend(present) => Doing::Attend(present.iter().map(String::as_str).collect()),
                Deed::Answer(settled, note) => Doing::Answer(*settled, note.as_deref()),
                Deed::Decide { point, decision, why, follows } => {
                    let known = Decision::ALL.into_iter().find(|known| known.word() == decision);
                    let known =
                        known.ok_or_else(|| AppError::NotFound("choose what is decided".to_owned()))?;
                    Doing::Decide(*point, known, why, follows.as_ref().map(|(who, _)| who.as_str()).zip(by))
                }
            };
            deciding.act(item, &doing, acting).await.map(|()| item)
        }
        Wish::TakeBack { item, why } => app.take_back(item, acting, &why).await,
        Wish::Plan { item, plan } => planned(deciding, item, &plan, acting).await,
        Wish::Dispute { kpi, period, unit, why } => {
            let of = Disputed { kpi: &kpi, period: &period, unit: unit.as_deref() };
            app.dispute(of, &why, acting).await
        }
        Wish::Comment { kpi, period, unit, parts: [what, why, done, outlook, unsure] } => {
            let of = Commenting {
                kpi: &kpi,
                period: &period,
                unit: unit.as_deref(),
                what: &what,
                why: &why,
                done: &done,
                outlook: &outlook,
                unsure: &unsure,
            };
            app.comment(of, acting).await
        }
        Wish::Enter { kpi, period, part, value, evidence, why } => {
            let what =
                Entering { kpi: &kpi, period: &period, part: &part, value: &value, evidence: &evidence };
            app.enter(what, acting, &why).await
        }
        Wish::PainPoint { kpi, unit, text } => app.pain_point((&kpi, unit.as_deref()), &text, acting).await,
        Wish::Learn { item, findings, follows } => {
            deciding.learn(item, (&findings, &follows), acting).await.map(|()| item)
        }
        // That can come back as a draft.
        Wish::Change { .. } => Err(AppError::Busy),
        // It is about no item.
        Wish::Correct { .. } => Err(AppError::Busy),
        Wish::Lift { item, why } => app.lift(item, acting, &why).await,
        Wish::Close { period, why } => app.close(&period, acting, &why).await.map(|(item, _)| item),
    }
}

/// Files a plan for an alert.
async fn planned(
    deciding: Deciding<'_>,
    alert: u64,
    plan: &desk::NewPlan,
    acting: Acting<'_>,
) -> Result<u64, AppError> {
    let method = Method::ALL.into_iter().find(|method| method.word() == plan.method);
    let method = method.ok_or_else(|| AppError::NotFound("choose how the cause was found".to_owned()))?;
    // A minus as people write it, and a comma where they write one.
    let change =
        plan.change.replace('−', "-").replace(',', ".").parse::<f64>().ok().filter(|n| n.is_finite());
    let change = change
        .ok_or_else(|| AppError::NotFound(format!("`{}` is no number: write 3, or −0.5", plan.change)))?;
    let mut actions = Vec::new();
    for (who, by, what) in &plan.actions {
        let by = by.parse().map_err(|_| AppError::NotFound(format!("`{by}` is no day: write 2026-05-20")))?;
        actions.push((who.as_str(), by, what.as_str()));
    }
    let new = NewPlan {
        alert,
        cause: &plan.cause,
        method,
        evidence: &plan.evidence,
        actions,
        change,
        period: &plan.period,
    };
    deciding.plan(&new, acting).await
}

/// What is wrong, so that whoever reads it on a page knows what to do.
fn in_words(error: AppError, actor: &str) -> NotDone {
    match error {
        AppError::Forbidden(Violations(all)) => {
            NotDone::Refused(all.iter().map(|of| way_out(of.code, &of.message, actor)).collect())
        }
        AppError::NotFound(why) => NotDone::Refused(vec![on_a_page(&why)]),
        AppError::Calendar(why) => NotDone::Refused(vec![why.to_string()]),
        AppError::Busy => NotDone::Refused(vec!["others change the same just now; send it again".to_owned()]),
        AppError::Store(StoreError::KeyUsed(_)) => {
            NotDone::Refused(vec!["the form is somebody else's; open the page again".to_owned()])
        }
        other => unavailable(other.into()),
    }
}

/// What a law says, in the words of a page.
fn way_out(code: &str, message: &str, actor: &str) -> String {
    match code {
        laws::NOT_THERE => format!(
            "`{actor}` is no person of this project: an owner adds `person: {actor}` to its definitions, or lets you sign in under \
             the name that you have there"
        ),
        laws::OTHER_CONTENT => {
            "it was written anew since you opened the page: read what it proposes now, and say it of that"
                .to_owned()
        }
        laws::OWN => {
            "you wrote it yourself, and nobody decides on their own: it waits for those named on this page"
                .to_owned()
        }
        laws::CONCERNED => {
            "it touches your own target, your pay or what you answer for: you can abstain, and others decide"
                .to_owned()
        }
        laws::NOT_ASKED => "you are not asked: it waits for those named on this page".to_owned(),
        laws::NOT_YOURS => {
            "only those who wrote it give it up: reject it, if you are asked, and say why".to_owned()
        }
        laws::LOOK_AGAIN => "what is in force changed just now: send it again".to_owned(),
        _ => on_a_page(message),
    }
}

/// A message without the command that it names as the way out: here it is a page.
fn on_a_page(message: &str) -> String {
    match message.split_once(": `kepi ") {
        Some((said, command))
            if ["lift", "periods", "inbox", "item"].iter().any(|of| command.starts_with(of)) =>
        {
            said.to_owned()
        }
        _ => message.to_owned(),
    }
}

/// What the server's own log has in full.
fn unavailable(failure: Failure) -> NotDone {
    tracing::error!(failure = failure.in_words(), "a form could not be taken");
    NotDone::Unavailable("it cannot be done now; the log of the server says why".to_owned())
}

impl Desk for SiteDesk {
    fn act<'a>(
        &'a self,
        visitor: &'a Visitor,
        wish: Wish,
        key: &'a str,
    ) -> Answer<'a, Result<Option<u64>, NotDone>> {
        Box::pin(async move {
            match &visitor.acts_as {
                Some(actor) => {
                    if let Some(sight) = &visitor.sight {
                        self.seen(sight, &wish).await.map_err(|error| in_words(error, actor))?;
                    }
                    match wish {
                        Wish::Correct { source, file, row, cell, why } => {
                            let of = RowOf { source: &source, file: &file, row };
                            self.corrected(actor, (of, cell), &why, key).await.map(|()| None)
                        }
                        wish => self.done(actor, wish, key).await.map(Some),
                    }
                }
                None => Err(NotDone::Refused(vec!["nobody is known here, so nobody decides".to_owned()])),
            }
        })
    }
}
