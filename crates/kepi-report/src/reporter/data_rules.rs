//! Rules about data sets: what they demand and where they do not hold, read from what is published of the KPIs that measure
//! them.

use kepi_model::project::{DataRule, Kpi};
use kepi_query::{trust, value::Segment};

use super::Reporter;
use crate::{
    format,
    view::{DataRuleView, Measured, Named},
};

impl Reporter<'_> {
    /// Rules whose KPI is seen, those that do not hold first.
    pub(crate) fn data_rules(self) -> Vec<DataRuleView> {
        let project = self.project();
        let seen = |rule: &&DataRule| self.facts.sees_kpi(&rule.kpi, None);
        let rules = project.rules.values().filter(seen);
        let mut all: Vec<DataRuleView> =
            rules.filter_map(|rule| Some(self.data_rule(rule, project.kpis.get(&rule.kpi)?))).collect();
        all.sort_by_key(|rule| rule.broken.is_empty());
        all
    }

    fn data_rule(self, rule: &DataRule, kpi: &Kpi) -> DataRuleView {
        let segments = match rule.apart {
            None => vec![Segment::total()],
            Some(_) => self.facts.segments(&kpi.id, kpi.period),
        };
        let segments = segments.into_iter().filter(|segment| trust::member_of(rule, segment).is_some());
        let mut periods: Vec<(i32, Segment)> = Vec::new();
        for segment in segments {
            let of = self.facts.periods(&kpi.id, kpi.period, &segment);
            periods.extend(of.into_iter().map(|(ordinal, _)| (ordinal, segment.clone())));
        }
        periods.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        let judged: Vec<(String, String, bool)> = periods
            .into_iter()
            .filter_map(|(ordinal, segment)| {
                let period = self.project().period(kpi, kpi.period, ordinal);
                let entry = self.facts.entry(&kpi.id, period, &segment)?;
                let (member, bound) = trust::judged_of(rule, &entry.value)?;
                let point = entry.value.point()?;
                let shown = Measured::outcome(Some(&entry.value.estimate), &kpi.unit);
                let shown = shown.value()?.value.text.clone();
                Some((trust::named(&self.label(period), member), shown, bound.holds(point)))
            })
            .collect();
        let said = |(period, value, _): &(String, String, bool)| (period.clone(), value.clone());
        DataRuleView {
            rule: Named::new(&rule.id, &rule.name),
            kpi: Named::new(&kpi.id, &kpi.name),
            bound: bound_in_words(rule, kpi),
            by: rule.apart.as_ref().map(|of| of.by.to_string()),
            otherwise: rule.otherwise,
            newest: judged.first().map(said),
            judged: judged.len(),
            broken: judged.iter().filter(|(.., holds)| !holds).map(said).collect(),
            owner: self.person(rule.owner.as_ref()),
        }
    }
}

/// What a rule demands, of all and of members of their own: `at least 99 % (apac: at least 95 %)`.
fn bound_in_words(rule: &DataRule, kpi: &Kpi) -> String {
    let own = rule.apart.iter().flat_map(|of| &of.bounds);
    let own: Vec<String> =
        own.map(|(member, of)| format!("{member}: {}", format::bound(*of, &kpi.unit))).collect();
    match (rule.bound_in(None), own.join(", ")) {
        (None, own) => own,
        (Some(all), own) if own.is_empty() => format::bound(all, &kpi.unit),
        (Some(all), own) => format!("{} ({own})", format::bound(all, &kpi.unit)),
    }
}
