//! Weights that are made: margins, trimming, clusters; whether they can be met, as far as the definition says.

use std::collections::BTreeSet;

use crate::{
    codes,
    decode::{AmountText, Either, ExpressionText, Field, Keyed, Map, PathText, Share},
    definitions as written,
    expression::Type,
    lexical,
    measure::{
        AskedWord, Design, MARGIN_SCALE, Margin, MarginText, MarginTo, Measure, Reader, Trim, WHOLE, Weights,
        WrittenMargin, in_decimal,
    },
    project::{Dimension, Entity, Response, SurveyGates},
    source_text::Span,
    sql::Want,
    wording::shorten,
    yaml::Yaml,
};

impl Reader<'_, '_> {
    /// Reads weights that are made, and clusters.
    pub(super) fn design(
        &mut self,
        document: &written::Kpi,
        bases: &[&Entity],
        by: &[Dimension],
        measure: Option<&Measure>,
    ) -> Option<Design> {
        let weights = match document.weight.get() {
            Some(Either::That(weights)) => Some(weights),
            _ => None,
        };
        let before = self.findings.count();
        let is_made = weights.is_some_and(|w| w.rake.is_written() || w.post_stratify.is_written());
        let is_asked = is_made || document.cluster.is_written();
        if is_asked && measure.is_some_and(|measure| !calibrates(measure)) {
            // One that cannot be weighted at all has its own finding.
            if document.cluster.is_written() || measure.is_some_and(|measure| measure.kind().weighs()) {
                let key = if is_made { document.weight.key } else { document.cluster.key };
                let message = "weights to margins and clusters need a mean, and this measure is none";
                self.findings
                    .report(codes::WEIGHT, key, message)
                    .expected("mean, share, nps, satisfaction, effort or duration");
            }
            return None;
        }
        let base = *bases.first()?;
        let mut design = Design { margins: Vec::new(), trim: Trim::default(), finite: false, cluster: None };
        if let Some(weights) = weights {
            self.margins(weights, base, by, &mut design);
            self.trim(weights, &mut design);
            design.finite = weights.finite.cloned().unwrap_or(false);
            let sized = |margin: &Margin| !matches!(margin.to, MarginTo::Known { shares: true, .. });
            if design.finite && (!design.margins.iter().any(sized) || document.cluster.is_written()) {
                let message = match document.cluster.is_written() {
                    true => "of how many clusters there are the margins say nothing",
                    false => "no margin says how large the population is",
                };
                self.findings
                    .report(codes::MARGIN, weights.finite.key, message)
                    .expected("a margin of numbers, or `asked`, and no `cluster`")
                    .fix("remove `finite`, or write numbers instead of shares");
            }
        }
        if let Some(path) = document.cluster.get() {
            design.cluster = self.one_dimension(path, base, by);
            if let Some(cluster) = &design.cluster
                && design.margins.iter().any(|margin| margin.dimension.id == cluster.id)
            {
                self.findings
                    .report(
                        codes::MARGIN,
                        document.cluster.span,
                        format!("`{}` is a margin already", cluster.id),
                    )
                    .fix("cluster by what identifies the account or household of an answer");
            }
        }
        (is_asked && self.findings.count() == before).then_some(design)
    }

    fn margins(&mut self, weights: &Weights, base: &Entity, by: &[Dimension], design: &mut Design) {
        if weights.rake.is_written() && weights.post_stratify.is_written() {
            self.findings
                .report(
                    codes::MARGIN,
                    weights.post_stratify.key,
                    "weights are raked or post-stratified, not both",
                )
                .fix("write all margins under `rake`");
        }
        if let Some([_, second, ..]) = weights.post_stratify.get().map(Vec::as_slice) {
            self.findings
                .report(codes::MARGIN, second.span, "post-stratification has one margin")
                .fix("write `rake` for several margins of which only their own totals are known");
        }
        for entry in weights.rake.items().iter().chain(weights.post_stratify.items()) {
            let Some(dimension) = self.margin_dimension(entry, base, by) else { continue };
            if design.margins.iter().any(|known| known.dimension.id == dimension.id) {
                let message = format!("`{}` is a margin twice", dimension.id);
                self.findings.report(codes::MARGIN, entry.span, message).fix("remove one of them");
                continue;
            }
            let to = match &entry.value {
                Some(Either::This(AskedWord::Asked)) => Some(MarginTo::Asked),
                Some(Either::That(WrittenMargin::Known(of))) => self.known(of, entry, &dimension),
                None => None,
            };
            design.margins.extend(to.map(|to| Margin { dimension, to }));
        }
        design.margins.sort_by(|a, b| a.dimension.id.cmp(&b.dimension.id));
        self.margins_agree(weights, design);
    }

    /// The dimension of a margin: one of `by`, or what a path leads to.
    fn margin_dimension<V>(
        &mut self,
        entry: &Keyed<String, V>,
        base: &Entity,
        by: &[Dimension],
    ) -> Option<Dimension> {
        let known = by.iter().find(|dimension| dimension.id.as_str() == entry.text);
        if let Some(known) = known {
            return Some(known.clone());
        }
        let yaml = Yaml::of_key(&entry.text, entry.span);
        self.one_dimension(&PathText(yaml), base, by)
    }

    /// Known amounts of a margin.
    fn known(
        &mut self,
        of: &Map<String, AmountText>,
        margin: &Keyed<String, MarginText>,
        dimension: &Dimension,
    ) -> Option<MarginTo> {
        let mut found: Vec<(Box<str>, i64)> = Vec::new();
        let mut kinds = BTreeSet::new();
        let mut bad = false;
        let members = dimension.ways.values().find_map(|way| match &way.type_ {
            Type::Enum { values } => Some(values.clone()),
            _ => None,
        });
        for entry in of {
            let Some(amount) = &entry.value else { continue };
            let text = amount.text().unwrap_or_default();
            let share = lexical::share(text);
            let number = share.or_else(|| lexical::decimal(text));
            // A share of 100 % is a whole.
            let amount_of = number.and_then(|number| number.at_scale(MARGIN_SCALE)).filter(|n| *n > 0);
            let Some(amount_of) = amount_of else {
                self.findings
                    .report(codes::MARGIN, amount.span, format!("`{}` is no part of a population", shorten(text)))
                    .expected("a number above 0 with at most six decimals, such as `3500`, or a share, such as `35%`");
                bad = true;
                continue;
            };
            if let Some(members) = &members
                && !members.contains(&entry.text)
            {
                let message = format!("`{}` is no member of `{}`", shorten(&entry.text), dimension.id);
                let all = members.iter().map(String::as_str);
                self.findings.unknown(codes::MARGIN, entry.span, message, &entry.text, all);
                bad = true;
            }
            kinds.insert(share.is_some());
            found.push((entry.text.as_str().into(), amount_of));
        }
        if kinds.len() > 1 {
            self.findings
                .report(codes::MARGIN, margin.at, "these are numbers and shares")
                .fix("write all as numbers, or all as shares");
            bad = true;
        }
        let shares = kinds.contains(&true);
        let sum = found.iter().try_fold(0_i64, |sum, (_, amount)| sum.checked_add(*amount));
        if !bad && shares && sum != Some(WHOLE) {
            let sum = in_decimal(sum.unwrap_or(i64::MAX).saturating_mul(100));
            self.findings
                .report(codes::MARGIN, margin.at, format!("these shares sum to {sum}%"))
                .expected("shares of the whole population, 100%");
            bad = true;
        }
        if found.is_empty() && !bad {
            self.findings.report(codes::MARGIN, margin.at, "this margin has no members");
            bad = true;
        }
        found.sort();
        (!bad && sum.is_some()).then_some(MarginTo::Known { of: found, shares })
    }

    /// Margins are of one population: numbers that sum to the same, or shares only.
    fn margins_agree(&mut self, weights: &Weights, design: &Design) {
        let sums: Vec<(&Dimension, Option<i64>)> = design
            .margins
            .iter()
            .map(|margin| match &margin.to {
                MarginTo::Known { of, shares: false } => {
                    (&margin.dimension, Some(of.iter().map(|(_, amount)| *amount).sum()))
                }
                _ => (&margin.dimension, None),
            })
            .collect();
        let mut numbers = sums.iter().filter_map(|(dimension, sum)| Some((dimension, (*sum)?)));
        let Some((first, sum)) = numbers.next() else { return };
        if let Some((other, differs)) = numbers.find(|(_, other)| *other != sum) {
            let message = format!(
                "`{}` sums to {}, `{}` to {}: these are two populations",
                first.id,
                in_decimal(sum),
                other.id,
                in_decimal(differs)
            );
            self.findings
                .report(codes::MARGIN, weights.rake.key, message)
                .expected("margins of one population, which sum to the same")
                .fix("correct one of them, or write shares");
        } else if sums.iter().any(|(_, sum)| sum.is_none()) {
            self.findings
                .report(
                    codes::MARGIN,
                    weights.rake.key,
                    "one margin counts a population, another is of unknown size or of those who were asked",
                )
                .expected("all margins as numbers, or none")
                .fix("write shares instead of numbers");
        }
    }

    fn trim(&mut self, weights: &Weights, design: &mut Design) {
        let Some(trim) = weights.trim.get() else { return };
        let mut amount = |field: &Field<AmountText>| {
            let text = field.get()?.text().unwrap_or_default();
            let found = lexical::decimal(text).and_then(|n| n.at_scale(MARGIN_SCALE)).filter(|n| *n > 0);
            if found.is_none() {
                self.findings
                    .report(codes::TRIM, field.span, format!("`{}` is no limit of weights", shorten(text)))
                    .expected("a number above 0 with at most six decimals");
            }
            found
        };
        design.trim = Trim {
            times_median: amount(&trim.times_median),
            at_most: amount(&trim.at_most),
            at_least: amount(&trim.at_least),
        };
        let Trim { times_median, at_most, at_least } = design.trim;
        let mut say = |span: Span, message: &str, fix: &str| {
            self.findings.report(codes::TRIM, span, message).fix(fix);
        };
        if !weights.rake.is_written() && !weights.post_stratify.is_written() {
            say(
                weights.trim.key,
                "there are no weights to trim",
                "add `rake` or `post_stratify`, or remove `trim`",
            );
        }
        if weights.base.is_written() {
            say(
                weights.trim.key,
                "weights that differ from row to row are not trimmed",
                "remove `trim`, or leave `base` out",
            );
        }
        if trim.written().next().is_none() {
            say(weights.trim.key, "this sets no limit", "write `times_median: 5`, or remove `trim`");
        }
        if at_most.is_some_and(|most| at_least.is_some_and(|least| least > most)) {
            say(trim.at_least.span, "the least weight is above the greatest", "exchange them");
        }
        if times_median.is_some_and(|times| times < WHOLE) {
            say(trim.times_median.span, "half of the answers weigh more than that", "write a number above 1");
        }
        let shares = design.margins.iter().any(|m| matches!(m.to, MarginTo::Known { shares: true, .. }));
        if shares && (at_most.is_some() || at_least.is_some()) {
            say(
                weights.trim.span,
                "for how many an answer stands is known only where the population's size is",
                "write `times_median`, or numbers instead of shares",
            );
        }
    }
}

impl Reader<'_, '_> {
    /// Reads what became of invitations.
    pub(super) fn response(
        &mut self,
        document: &written::Kpi,
        bases: &[&Entity],
        measure: Option<&Measure>,
    ) -> Option<Response> {
        let response = document.response.get()?;
        if measure.is_some_and(|measure| !calibrates(measure)) {
            self.findings
                .report(codes::RESPONSE, document.response.key, "the rows of this measure are no invitations")
                .expected("mean, share, nps, satisfaction, effort or duration of invitations")
                .fix("remove `response`, or measure the answers of invitations");
            return None;
        }
        let base = *bases.first()?;
        let mut condition = |field: &Field<ExpressionText>| {
            field.get().and_then(|text| self.expression(text, base, Want::Condition))
        };
        let bounced = condition(&response.bounced);
        let ineligible = condition(&response.ineligible);
        let complete = condition(&response.complete);
        let partial = condition(&response.partial);
        Some(Response { bounced, ineligible, complete: complete?, partial })
    }

    /// Reads what a survey has to be to be published.
    pub(super) fn survey_gates(
        &mut self,
        document: &written::Kpi,
        design: Option<&Design>,
        has_response: bool,
    ) -> SurveyGates {
        let Some(gates) = document.publish_if.get() else { return SurveyGates::default() };
        let mut say = |key: Span, message: &str, fix: &str| {
            self.findings.report(codes::GATE, key, message).fix(fix);
        };
        if gates.written().next().is_none() {
            say(document.publish_if.key, "this demands nothing", "write `publish_if: {n: 30}`, or remove it");
        }
        if gates.response_rate.is_written() && !has_response && !document.response.is_written() {
            say(gates.response_rate.key, "who was asked is not said", "add `response: {complete: …}`");
        }
        let no_margins = design.is_none_or(|design| design.margins.is_empty());
        if gates.representative.is_written() && no_margins && !document.weight.is_written() {
            let fix = "add margins, such as `weight: {post_stratify: {region: asked}}`";
            say(
                gates.representative.key,
                "by what the answers may differ from all who were asked is not said",
                fix,
            );
        }
        let share = |field: &Field<Share>| field.get().map(|share| share.0.to_f64());
        SurveyGates {
            effective_n: gates.effective_n.get().and_then(|n| u64::try_from(n.0).ok()),
            response_rate: share(&gates.response_rate),
            representative: share(&gates.representative),
        }
    }
}

/// Whether the value of a measure is a mean over rows.
fn calibrates(measure: &Measure) -> bool {
    use Measure::{Duration, Mean, Nps, Rating, Share};
    matches!(measure, Mean(_) | Share(_) | Nps(_) | Rating(_) | Duration(_))
}
