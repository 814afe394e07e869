//! Texts of customers that can be searched, and the themes by which they are counted.

use std::collections::BTreeMap;

use super::{Context, kpi::Surroundings};
use crate::{
    codes,
    decode::Placed,
    definitions as written, derived,
    expression::{Expression, Node, Path, Type},
    feedback::{Feedback, FeedbackTheme, Phrase},
    id::{FeedbackId, KpiId},
    project::Kpi,
    source_text::Span,
};

/// Reads all of them.
pub(super) fn read(
    all: &[Placed<written::Feedback>],
    kpis: &BTreeMap<KpiId, Kpi>,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> BTreeMap<FeedbackId, Feedback> {
    let mut found = BTreeMap::new();
    let mut places: BTreeMap<FeedbackId, Span> = BTreeMap::new();
    for written in all.iter().map(|document| &document.value) {
        let Some(id) = written.feedback.get().and_then(|name| name.id.clone()) else { continue };
        let at = written.feedback.span;
        if let Some(first) = places.insert(id.clone(), at) {
            context
                .report(codes::FEEDBACK, at, format!("there is other feedback `{id}`"))
                .related(first, "the other one")
                .fix("give one of them another name");
        }
        let themes = themes(written, context);
        if let Some(of) = one(id, written, themes, kpis, around, context) {
            found.insert(of.id.clone(), of);
        }
    }
    found
}

fn themes(written: &written::Feedback, context: &mut Context<'_>) -> Vec<FeedbackTheme> {
    let mut themes = Vec::new();
    for of in written.themes.items() {
        let Some(id) = of.key.as_ref().and_then(|key| key.id.clone()) else { continue };
        // A list that cannot be read has its own finding.
        let Some(written) = &of.value else { continue };
        let mut words = Vec::new();
        for phrase in written {
            match Phrase::read(&phrase.value) {
                Some(phrase) => words.push(phrase),
                None => {
                    context
                        .report(codes::FEEDBACK, phrase.span, format!("`{}` is no word", phrase.value))
                        .fix("write words as customers do, such as `queue`; `wait*` is all that begins so");
                }
            }
        }
        if written.is_empty() {
            context
                .report(codes::FEEDBACK, of.span, format!("nothing is ever about `{id}`: it has no words"))
                .fix("write words that say so, such as `[queue, wait*]`");
        }
        themes.push(FeedbackTheme { id, words });
    }
    themes
}

fn one(
    id: FeedbackId,
    written: &written::Feedback,
    themes: Vec<FeedbackTheme>,
    kpis: &BTreeMap<KpiId, Kpi>,
    around: &Surroundings<'_>,
    context: &mut Context<'_>,
) -> Option<Feedback> {
    // A KPI that is not there or broken has its own finding.
    let kpi = kpis.get(written.kpi.get()?)?;
    let base = kpi.measure.kind().readings().into_iter().next().map(|reading| reading.rows.of.clone());
    let Some(entity) = base.and_then(|of| around.entities.get(&of)) else {
        context
            .report(
                codes::FEEDBACK,
                written.kpi.span,
                format!("`{}` is computed of other KPIs, so it has no rows of its own", kpi.id),
            )
            .fix("name one of those that it is computed of");
        return None;
    };
    let (text, at) = (written.text.get()?, written.text.span);
    let Some(attribute) = entity.attribute(text).filter(|attribute| attribute.type_ == Type::Text) else {
        context.report(codes::FEEDBACK, at, format!("`{text}` is no text of `{}`", entity.id)).fix(format!(
            "declare it, `{text}: {{type: text}}`, and map the column in which customers write"
        ));
        return None;
    };
    if attribute.personal {
        context
            .report(codes::FEEDBACK, at, format!("`{text}` is personal, and so is told to nobody"))
            .fix("map the column into an attribute of your own, such as `said: {type: text}`, if nobody is named in it");
        return None;
    }
    let path = Path { references: Vec::new(), attribute: attribute.id.clone() };
    let text = Expression { type_: Type::Text, node: Node::Path(path) };
    let roots = derived::roots(&entity.id, std::slice::from_ref(&text), around.entities);
    Some(Feedback {
        id,
        name: written.name.cloned()?,
        kpi: kpi.id.clone(),
        of: entity.id.clone(),
        text,
        since: written.since.cloned(),
        themes,
        // A circle has its own finding.
        made: derived::order(around.entities, roots).unwrap_or_default(),
    })
}
