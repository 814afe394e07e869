//! Dimensions that are read bridged: by the codes of the new version of a classification, also what is dated before.

use std::collections::BTreeMap;

use crate::{
    codes,
    crosswalk::Crosswalk,
    definitions::Kpi,
    expression::Type,
    id::{CrosswalkId, DimensionId},
    measure::{Aggregate, Measure, Reader},
    project::{AsOf, Dimension},
    wording::shorten,
};

impl Reader<'_, '_> {
    /// Puts the codes of the new version in place of the old ones in the ways of the dimensions that are bridged; the
    /// crosswalks by dimension.
    pub(super) fn bridged(
        &mut self,
        written: &Kpi,
        measure: Option<&Measure>,
        by: &mut [Dimension],
        crosswalks: &BTreeMap<CrosswalkId, Crosswalk>,
    ) -> BTreeMap<DimensionId, Crosswalk> {
        let mut found: BTreeMap<DimensionId, Crosswalk> = BTreeMap::new();
        let Some(measure) = measure else { return found };
        for entry in written.bridged.items() {
            let mut report = |message: String, fix: &str| {
                self.findings.report(codes::BRIDGED, entry.span, message).fix(fix);
            };
            let Some(crosswalk) = entry.value.as_ref().and_then(|id| crosswalks.get(id)) else { continue };
            if !measure.kind().inputs().is_empty() {
                report(
                    "a formula reads KPIs and no rows, so that there is nothing to bridge".to_owned(),
                    "write `bridged` in the KPIs that it is computed of",
                );
                continue;
            }
            if written.as_of.get() == Some(&AsOf::Now) {
                report(
                    "with `as_of: now` rows have the codes of today already".to_owned(),
                    "remove `as_of: now`, or the crosswalk",
                );
            }
            let Some(dimension) = by.iter_mut().find(|of| of.id.as_str() == entry.text) else {
                let message = format!("`by` has no dimension `{}`", shorten(&entry.text));
                report(message, "add it to `by`, or name one that is there");
                continue;
            };
            let is_code = |of: &Type| matches!(of, Type::Text | Type::Enum { .. } | Type::Reference { .. });
            if !dimension.ways.values().all(|way| is_code(&way.type_)) {
                report(
                    format!("`{}` has no codes: it is no text", dimension.id),
                    "bridge a dimension whose members are texts",
                );
                continue;
            }
            if !crosswalk.splits().is_empty() {
                if !shares_out(measure) {
                    report(
                        format!(
                            "`{}` splits codes by shares, and what this measures cannot be shared out",
                            crosswalk.id
                        ),
                        "measure a count, sum, mean, share, score or time, or bridge by whole codes only",
                    );
                }
                if written.weight.is_written()
                    || written.cluster.is_written()
                    || written.response.is_written()
                {
                    report(
                        format!("`{}` splits codes by shares, which weigh rows already", crosswalk.id),
                        "remove the weights, or bridge by whole codes only",
                    );
                }
                if found.values().any(|other| !other.splits().is_empty()) {
                    report(
                        "two dimensions whose codes are split cannot be told apart in one KPI".to_owned(),
                        "bridge one of them by whole codes only, or in a KPI of its own",
                    );
                }
            }
            for reading in measure.kind().readings() {
                let rows = reading.rows;
                if let Some(way) = dimension.ways.get_mut(&rows.of) {
                    *way = crosswalk.way(way, &rows.at);
                }
            }
            found.insert(dimension.id.clone(), crosswalk.clone());
        }
        found
    }
}

/// Whether parts of a row can count in several segments.
fn shares_out(measure: &Measure) -> bool {
    match measure {
        Measure::Total(total) => matches!(total.aggregate, Aggregate::Count | Aggregate::Sum(_)),
        Measure::Mean(_) | Measure::Share(_) | Measure::Nps(_) | Measure::Rating(_) => true,
        Measure::Duration(_) => true,
        _ => false,
    }
}
