//! What the audit of a KPI comes to, as a change of its own text that others agree to: the beliefs that are not borne out go, or the KPI comes to its end.

use jiff::civil::Date;
use kepi_insight::{
    analysis::Ask,
    validity::{self, Recommended},
};
use kepi_model::{
    calendar::Period, documents::documents, edit, governance::Mode, id::KpiId, project::Project,
};
use kepi_query::value::{Finality, Segment};
use serde::Serialize;

use super::follow::{OfProject, Published};
use crate::{
    archive,
    deciding::{self, Acting, Deciding},
    editing::Edit,
    error::AppError,
    open::App,
};

/// What is wanted beside what the audit comes to.
#[derive(Debug, Clone, Default)]
pub struct Retiring {
    /// The KPI.
    pub kpi: String,
    /// The KPI that is to be used instead; with one it comes to its end, whatever the audit comes to.
    pub successor: Option<String>,
    /// The first day on which nothing is to use it any more.
    pub sunset: Option<Date>,
}

/// What the audit of a KPI comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retirement {
    /// The KPI.
    pub kpi: String,
    /// The period that the audit looked at.
    pub period: String,
    /// `keep`, `drop` or `retire`.
    pub recommended: &'static str,
    /// The KPIs of which it is no longer to be believed that it moves them.
    pub drops: Vec<String>,
    /// Why, in words.
    pub why: String,
    /// The text of the KPI with the change; none: nothing is to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The newest period of a KPI in which its total is final.
fn newest(project: &Project, published: &Published, kpi: &KpiId) -> Option<Period> {
    let of_kpi = project.kpis.get(kpi)?;
    let grain = of_kpi.period;
    let of = published.values.get(&(kpi.clone(), grain, Segment::total()))?;
    let last =
        of.iter().rev().find(|(_, value)| value.finality == Finality::Final && value.measured().is_ok());
    last.map(|(ordinal, _)| project.period(of_kpi, grain, *ordinal))
}

impl App {
    /// What the audit of a KPI in force comes to, and the change of its text that follows.
    ///
    /// # Errors
    /// There is no such KPI, nothing is believed of it or published, its text cannot be changed, or store or lake refused.
    pub async fn retirement(&self, wanted: &Retiring, today: Date) -> Result<Retirement, AppError> {
        let not = |why: String| AppError::NotFound(why);
        let Some((files, _)) = archive::in_force(&self.store).await? else {
            return Err(not(
                "nothing is in force yet: `kepi run` puts in force what stands in the files".to_owned()
            ));
        };
        let project = self.in_force().await?;
        let kpi = project.kpis.values().find(|kpi| kpi.id.as_str() == wanted.kpi);
        let kpi = kpi.ok_or_else(|| not(format!("there is no KPI `{}` in force", wanted.kpi)))?;
        let published = self.published(&project).await?;
        let period = newest(&project, &published, &kpi.id).ok_or_else(|| {
            not(format!("no figure of `{}` is final yet, so there is nothing to audit", kpi.id))
        })?;
        let frames = OfProject { project: &project, published: &published };
        let found = validity::recommended(&Ask { kpi, period }, &frames);
        let found = found.ok_or_else(|| {
            not(format!("nothing is believed of `{}`: write `moves:`, or a link from its objective", kpi.id))
        })?;
        let found = if wanted.successor.is_some() { Recommended::Retire } else { found };
        let mut own =
            documents(&files).into_iter().filter(|of| of.kind == "kpi" && of.name == kpi.id.as_str());
        let text = own.next_back().map(|document| document.text);
        let edited = |error: edit::NotEdited| not(error.to_string());
        let label = project.calendar.label(period);
        let (recommended, drops, why, text) = match &found {
            Recommended::Keep => (
                "keep",
                Vec::new(),
                "it predicts what it is believed to move, or that cannot be told yet".to_owned(),
                None,
            ),
            Recommended::Drop(effects) => {
                let mut text = text.ok_or_else(|| not(format!("the text of `{}` is not there", kpi.id)))?;
                for effect in effects {
                    text = edit::without(&text, &["moves", effect.as_str()]).map_err(edited)?;
                }
                let drops: Vec<String> = effects.iter().map(ToString::to_string).collect();
                let why = format!(
                    "up to {label} figures do not, or no longer, bear out that it moves {}",
                    drops.join(", ")
                );
                ("drop", drops, why, Some(text))
            }
            Recommended::Retire => {
                let mut text = text.ok_or_else(|| not(format!("the text of `{}` is not there", kpi.id)))?;
                // Whoever uses it has a quarter to find something else.
                let sunset = wanted.sunset.map_or_else(|| today.checked_add(jiff::Span::new().months(3)), Ok);
                let sunset = sunset.map_err(|error| not(error.to_string()))?;
                text = edit::put(&text, "life", &format!("{{sunset: {sunset}}}")).map_err(edited)?;
                if let Some(successor) = &wanted.successor {
                    text = edit::put(&text, "successor", successor).map_err(edited)?;
                }
                let why = format!(
                    "up to {label} nothing that it is believed to move follows it, and forecasts do not gain by it"
                );
                let why = wanted.successor.as_ref().map_or(why, |other| format!("{other} takes its place"));
                ("retire", Vec::new(), why, Some(text))
            }
        };
        Ok(Retirement { kpi: kpi.id.to_string(), period: label, recommended, drops, why, text })
    }

    /// Proposes what the audit of a KPI comes to.
    ///
    /// # Errors
    /// There is nothing to propose, a law forbids it, or the database refuses.
    pub async fn retire(&self, wanted: &Retiring, today: Date, acting: Acting<'_>) -> Result<u64, AppError> {
        if deciding::mode(&self.store).await? == Mode::Open {
            let with = wanted.successor.as_ref().map(|of| format!(" --successor {of}")).unwrap_or_default();
            return Err(AppError::NotFound(format!(
                "this project is open: the next run puts in force what stands in its files; `kepi retire {}{with}` prints what to write there",
                wanted.kpi
            )));
        }
        let found = self.retirement(wanted, today).await?;
        let Some(text) = &found.text else {
            return Err(AppError::NotFound(format!("`{}` is to be kept: {}", found.kpi, found.why)));
        };
        let deciding = Deciding(&self.store);
        let drafted = deciding.drafted(&format!("kpi/{}", found.kpi), None, Edit::Text(text), None).await?;
        let Some((files, project)) = drafted.whole else {
            let findings = drafted.draft.findings.iter().map(|of| of.message.clone());
            return Err(AppError::NotFound(findings.collect::<Vec<_>>().join("; ")));
        };
        deciding.propose(&files, &project, acting, &found.why, None).await
    }
}
