//! Rules about data sets: what they demand and where they do not hold, read from what is published of the KPIs that measure
//! them.

use kepi_model::project::{DataRule, Kpi};
use kepi_query::value::Segment;

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
        let total = Segment::total();
        let mut periods = self.facts.periods(&kpi.id, kpi.period, &total);
        periods.reverse();
        let judged: Vec<(String, String, bool)> = periods
            .into_iter()
            .filter_map(|(ordinal, _)| {
                let period = self.project().period(kpi, kpi.period, ordinal);
                let entry = self.facts.entry(&kpi.id, period, &total)?;
                let point = entry.value.point()?;
                let shown = Measured::outcome(Some(&entry.value.estimate), &kpi.unit);
                let shown = shown.value()?.value.text.clone();
                Some((self.label(period), shown, rule.bound.holds(point)))
            })
            .collect();
        let said = |(period, value, _): &(String, String, bool)| (period.clone(), value.clone());
        DataRuleView {
            rule: Named::new(&rule.id, &rule.name),
            kpi: Named::new(&kpi.id, &kpi.name),
            bound: format::bound(rule.bound, &kpi.unit),
            otherwise: rule.otherwise,
            newest: judged.first().map(said),
            judged: judged.len(),
            broken: judged.iter().filter(|(.., holds)| !holds).map(said).collect(),
            owner: self.person(rule.owner.as_ref()),
        }
    }
}
