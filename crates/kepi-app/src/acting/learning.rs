//! What was learnt from effects that did not come, found again where something like it comes up.

use std::{collections::BTreeSet, sync::Arc};

use kepi_govern::{
    Command, Content, Item, Open, Organisation, Principal,
    items::{Missed, PostMortem},
    laws,
};
use kepi_model::{
    feedback::{self, FeedbackTheme},
    id::{KpiId, UnitId},
    project::Project,
};
use kepi_proof::Commitment;
use kepi_report::{Reporter, decided::Learnt, facts::Facts};
use kepi_store::{NewText, Store, door::new_key};

use super::{
    Asking,
    follow::{job, unless},
};
use crate::{error::AppError, open::App, picture::Picture};

impl App {
    /// Asks whoever answers for an initiative why the effect did not come that was expected of it by a day that has passed, once for each KPI; how
    /// many were asked.
    ///
    /// # Errors
    /// What is published cannot be read, or the database refuses.
    pub async fn ask_after_initiatives(self: &Arc<Self>, at: i64) -> Result<u64, AppError> {
        let picture = Picture::load(self).await?;
        let project = Facts::project(&picture);
        if project.initiatives.is_empty() {
            return Ok(0);
        }
        // Figures are read while nobody waits for them.
        let all = tokio::task::block_in_place(|| Reporter::new(&picture).initiatives(None))
            .map_err(|error| AppError::NotFound(format!("{error:?}")))?;
        let mut asking = Asking::new(&self.store, at);
        let mut asked = 0;
        for of in &all.of.initiatives {
            let Some(known) = of.id.parse().ok().and_then(|id| project.initiatives.get(&id)) else {
                continue;
            };
            let Principal::Person(owner) = self.store.person(known.owner.as_str()).await? else { continue };
            for effect in of.effects.iter().filter(|effect| effect.verdict == "missed") {
                let (Ok(name), Ok(kpi)) = (of.id.parse(), effect.kpi.parse()) else { continue };
                let why = NewText::new(format!("{}: {}", of.name, effect.text));
                let missed = Missed::Initiative { name, kpi, unit: known.unit.clone(), owner };
                let content = Content::PostMortem(PostMortem { of: missed, findings: None, follows: None });
                let open = Command::Open(Open { content, why: why.commitment });
                let done = asking.ask(&job(), &open, vec![why], &new_key("initiatives")).await;
                asked += u64::from(unless(done, &[laws::ALREADY_OPEN, laws::NOBODY_THERE])?);
            }
        }
        Ok(asked)
    }
}

/// So many are shown with an item.
const MOST: usize = 5;
/// Words that are shorter say nothing of a cause.
const SHORTEST: usize = 4;
/// From so much of two texts in common on, they are about something alike: the cosine of their sets of words.
const ALIKE: f64 = 0.3;

/// All that was learnt, the newest first.
pub(crate) async fn all(store: &Store, organisation: &Organisation) -> Result<Vec<Learnt>, AppError> {
    let mut found = Vec::new();
    let mut texts: BTreeSet<Commitment> = BTreeSet::new();
    for item in organisation.items.all().rev() {
        let Content::PostMortem(of) = &item.content else { continue };
        let (Some(findings), Some(follows)) = (of.findings, of.follows) else { continue };
        let Some((kpi, unit)) = organisation.items.about(&item.content) else { continue };
        let plan = item.content.parent();
        let cause = plan.and_then(|plan| match &organisation.items.get(plan)?.content {
            Content::ActionPlan(plan) => Some(plan.cause),
            _ => None,
        });
        texts.extend([findings, follows].into_iter().chain(cause));
        found.push((item, plan, (kpi, unit), cause, (findings, follows)));
    }
    let texts: Vec<Commitment> = texts.into_iter().collect();
    let read = store.read().await?.texts(&texts).await?;
    let text = |of: Commitment| read.get(&of).cloned();
    let learnt = found.into_iter().map(|(item, plan, (kpi, unit), cause, (findings, follows))| Learnt {
        item: item.number,
        plan,
        initiative: match &item.content {
            Content::PostMortem(PostMortem { of: Missed::Initiative { name, .. }, .. }) => {
                Some(name.to_string())
            }
            _ => None,
        },
        kpi: kpi.to_string(),
        unit: unit.map(ToString::to_string),
        cause: cause.and_then(text),
        findings: text(findings),
        follows: text(follows),
        changes: changes_since(organisation, item, kpi),
        because: Vec::new(),
    });
    Ok(learnt.collect())
}

/// Change requests of a KPI since something was learnt of it.
fn changes_since(organisation: &Organisation, item: &Item, kpi: &KpiId) -> Vec<u64> {
    let later = organisation.items.all().filter(|other| other.number > item.number);
    later.filter(|other| changes(&other.content).contains(kpi)).map(|other| other.number).collect()
}

/// KPIs that an item would change.
fn changes(content: &Content) -> BTreeSet<KpiId> {
    let Some(change) = content.change() else { return BTreeSet::new() };
    let ids = change.adoptions.iter().flat_map(|adopted| adopted.texts.keys());
    ids.filter_map(|id| id.to_string().strip_prefix("kpi/")?.parse().ok()).collect()
}

/// What was learnt before about something like an item that waits: of the same KPI, of the same unit, or in words that are alike.
pub(crate) async fn like(
    store: &Store,
    organisation: &Organisation,
    project: &Project,
    item: &Item,
) -> Result<Vec<Learnt>, AppError> {
    let is_about = matches!(
        item.content,
        Content::Alert(_)
            | Content::ActionPlan(_)
            | Content::Change(_)
            | Content::Emergency(_)
            | Content::PostMortem(_)
            | Content::Commentary(_)
    );
    if !is_about {
        return Ok(Vec::new());
    }
    let all = all(store, organisation).await?;
    if all.is_empty() {
        return Ok(all);
    }
    let own: Vec<Commitment> = item.content.texts().into_iter().chain([item.why]).collect();
    let texts = store.read().await?.texts(&own).await?;
    let themes: Vec<&FeedbackTheme> = project.feedback.values().flat_map(|of| &of.themes).collect();
    let own: BTreeSet<String> = texts.values().flat_map(|text| words(text, &themes)).collect();
    let (mut kpis, mut unit) = (changes(&item.content), None);
    if let Some((kpi, of)) = organisation.items.about(&item.content) {
        kpis.insert(kpi.clone());
        unit = of.cloned();
    }
    Ok(ranked(all, &themes, (item.number, &kpis, unit.as_ref(), &own)))
}

/// Those that are alike, what is most alike first.
fn ranked(
    all: Vec<Learnt>,
    themes: &[&FeedbackTheme],
    (number, kpis, unit, own): (u64, &BTreeSet<KpiId>, Option<&UnitId>, &BTreeSet<String>),
) -> Vec<Learnt> {
    let mut found: Vec<(f64, Learnt)> = Vec::new();
    for mut learnt in all.into_iter().filter(|of| of.item != number && of.plan != Some(number)) {
        let said = [&learnt.cause, &learnt.findings, &learnt.follows];
        let said: BTreeSet<String> =
            said.into_iter().flatten().flat_map(|text| words(text, themes)).collect();
        let alike = cosine(own, &said);
        let same_kpi = kpis.iter().any(|kpi| kpi.as_str() == learnt.kpi);
        let same_unit = unit.is_some() && unit.map(UnitId::as_str) == learnt.unit.as_deref();
        if !same_kpi && alike < ALIKE {
            continue;
        }
        let because =
            [(same_kpi, "the same KPI"), (same_unit, "the same unit"), (alike >= ALIKE, "alike words")];
        learnt.because = because.iter().filter(|(is, _)| *is).map(|(_, words)| *words).collect();
        let weight = f64::from(u8::from(same_kpi)) + 0.5 * f64::from(u8::from(same_unit)) + alike;
        found.push((weight, learnt));
    }
    found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    found.into_iter().map(|(_, learnt)| learnt).take(MOST).collect()
}

/// The words of a text that say something, in small letters. Those that say a theme which the project names are one word, its own: so
/// what is meant alike is found without a word in common.
fn words(text: &str, themes: &[&FeedbackTheme]) -> BTreeSet<String> {
    let all: Vec<String> = feedback::words(text).collect();
    let says = |word: &String| themes.iter().find(|of| of.is_in(std::slice::from_ref(word)));
    let single = all.iter().filter(|word| word.chars().count() >= SHORTEST || says(word).is_some());
    let single = single.map(|word| says(word).map_or_else(|| word.clone(), |of| of.id.to_string()));
    let whole = themes.iter().filter(|of| of.is_in(&all)).map(|of| of.id.to_string());
    single.chain(whole).collect()
}

/// How alike two sets of words are: what they share, over the root of both their sizes.
fn cosine(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f64 {
    let both = one.intersection(other).count() as f64;
    let size = (one.len() as f64 * other.len() as f64).sqrt();
    if size > 0.0 { both / size } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use kepi_model::feedback::Phrase;

    use super::*;

    fn learnt(item: u64, kpi: &str, unit: Option<&str>, cause: &str) -> Learnt {
        Learnt {
            item,
            plan: Some(item - 1),
            initiative: None,
            kpi: kpi.to_owned(),
            unit: unit.map(str::to_owned),
            cause: Some(cause.to_owned()),
            ..Learnt::default()
        }
    }

    #[test]
    fn the_same_kpi_comes_first_then_words_that_are_alike_and_nothing_else() {
        let all = vec![
            learnt(20, "waiting", None, "Too few people at the counter on Mondays"),
            learnt(30, "nps", None, "The survey was sent twice"),
            learnt(40, "nps", Some("emea"), "The form lost answers"),
            learnt(50, "cost", None, "Energy prices"),
        ];
        let own = words("people are missing at the counter on mondays", &[]);
        let (kpis, unit) = (BTreeSet::from(["nps".parse().unwrap()]), "emea".parse().ok());
        let found = ranked(all.clone(), &[], (7, &kpis, unit.as_ref(), &own));
        let found: Vec<(u64, Vec<&str>)> = found.into_iter().map(|of| (of.item, of.because)).collect();
        assert_eq!(
            found,
            [
                (40, vec!["the same KPI", "the same unit"]),
                (30, vec!["the same KPI"]),
                (20, vec!["alike words"])
            ]
        );
        // Nothing is found again at itself.
        assert!(
            ranked(all, &[], (40, &BTreeSet::from(["nps".parse().unwrap()]), None, &own))
                .iter()
                .all(|of| of.item != 40)
        );
    }

    #[test]
    fn words_of_one_theme_mean_the_same() {
        let theme = FeedbackTheme {
            id: "waiting".parse().unwrap(),
            words: ["queue*", "waited", "took ages"].iter().filter_map(|text| Phrase::read(text)).collect(),
        };
        let all =
            vec![learnt(20, "speed", None, "Customers waited"), learnt(30, "cost", None, "Energy prices")];
        let found = |own: &str, themes: &[&FeedbackTheme]| {
            let found = ranked(all.clone(), themes, (7, &BTreeSet::new(), None, &words(own, themes)));
            found.into_iter().map(|of| of.item).collect::<Vec<_>>()
        };
        assert_eq!(found("Long queues", &[]), [0_u64; 0]);
        assert_eq!(found("Long queues", &[&theme]), [20]);
        assert_eq!(found("It took ages", &[&theme]), [20], "words that follow one another");
    }
}
