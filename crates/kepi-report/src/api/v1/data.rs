//! What programs are told of deliveries: sources, rejected rows, rules about data sets.

use kepi_model::project::{self, Consequence, Mode, Otherwise};
use kepi_query::landing::RowCounts;

use super::{
    Api, BrokenRule, DataRule, Delivery, Discrepancies, Discrepancy, FrequencyCost, Load, Missing, NotLanded,
    Overruled, Posted, Profile, Promise, Quarantine, QuarantinedRow, Reliability, Rows, Rule, Service,
    Source, SourceCost, Sources, StrandedPosts, from_named,
};
use crate::{
    facts::Facts,
    reader::{QuarantineQuery, ViewError},
    reporter::Reporter,
    view::{
        CostRow, DataRuleView, DeliveryView, DiscrepanciesView, ProfileView, PromiseRow, ReliabilityRow,
        ServiceRow, WouldCost,
    },
};

/// All sources.
///
/// # Errors
/// What sources say against each other cannot be read.
pub fn sources(facts: &dyn Facts) -> Result<Sources, ViewError> {
    let at = Api(Reporter::new(facts));
    let all = facts.project().sources.values();
    let (counts, sources): (Vec<RowCounts>, Vec<Source>) = all.map(|s| at.source(s)).unzip();
    Ok(Sources {
        project: at.project(),
        snapshot: facts.snapshot().map(|s| s.0.to_string()),
        total: rows(counts.into_iter().sum()),
        sources,
        stranded: facts
            .stranded()
            .into_iter()
            .map(|of| StrandedPosts { source: of.source.to_string(), rows: of.rows, bytes: of.bytes })
            .collect(),
        data_rules: at.0.data_rules().into_iter().map(data_rule).collect(),
        discrepancies: at.0.discrepancies()?.into_iter().map(discrepancies).collect(),
        reliability: at.0.reliability().into_iter().map(reliability).collect(),
        promises: at.0.promises()?.into_iter().map(promise).collect(),
        service: at.0.service()?.into_iter().map(service).collect(),
        costs: at.0.costs().into_iter().map(cost).collect(),
    })
}

fn reliability(of: ReliabilityRow) -> Reliability {
    Reliability {
        source: from_named(of.source),
        complete: of.complete,
        in_time: of.in_time,
        accepted: of.accepted,
        uncorrected: of.uncorrected,
        score: of.score,
        collected: of.collected,
        processed: of.processed,
        promised: of.promised,
        too_slow: of.too_slow,
    }
}

fn cost(of: CostRow) -> SourceCost {
    let would = |of: WouldCost| FrequencyCost {
        how_often: of.how_often.to_owned(),
        microseconds_a_day: of.a_day,
        fits: of.fits,
    };
    SourceCost {
        source: of.source.map(from_named),
        schedule: of.schedule,
        times: of.times,
        a_day: of.a_day,
        microseconds: of.took,
        would: of.would.into_iter().map(would).collect(),
    }
}

fn service(of: ServiceRow) -> Service {
    Service {
        unit: of.unit.map(from_named),
        period: of.period,
        over: of.is_over,
        due: of.due,
        kept: of.kept,
        late: of.late,
        missed: of.missed,
        levels: of.levels,
        below: of.below,
    }
}

fn promise(of: PromiseRow) -> Promise {
    Promise {
        met: of.met(),
        level: of.level,
        source: from_named(of.source),
        unit: of.unit.map(from_named),
        promise: of.promise,
        period: of.period,
        due: of.due,
        kept: of.kept,
        late: of.late,
        missed: of.missed,
        longest: of.longest,
    }
}

/// Rows in quarantine, a page of them.
///
/// # Errors
/// There is no such source, or the lake cannot be read.
pub fn quarantine(facts: &dyn Facts, query: &QuarantineQuery) -> Result<Quarantine, ViewError> {
    let at = Api(Reporter::new(facts));
    let of = at.0.quarantine(query)?;
    Ok(Quarantine {
        project: at.project(),
        source: of.source.map(from_named),
        sources: of.sources.into_iter().map(from_named).collect(),
        rules: of
            .rules
            .into_iter()
            .map(|r| BrokenRule { source: from_named(r.source), rule: r.rule, count: r.count })
            .collect(),
        total: of.total,
        page: of.page,
        pages: of.pages,
        rows: of
            .rows
            .into_iter()
            .map(|r| QuarantinedRow {
                source: from_named(r.source),
                rule: r.row.rule,
                reason: r.row.reason,
                file: r.row.file,
                row: r.row.row,
                column: r.row.column,
                text: r.text,
                recorded_at: r.recorded_at,
            })
            .collect(),
    })
}

/// Values that are overruled which programs are told of an entity.
const MOST_OVERRULED: usize = 1000;

fn discrepancies(of: DiscrepanciesView) -> Discrepancies {
    let counts = of.counts.into_iter().map(|of| Overruled {
        attribute: from_named(of.attribute),
        believed: from_named(of.believed),
        overruled: from_named(of.overruled),
        values: of.values,
    });
    let values = of.all.into_iter().take(MOST_OVERRULED).map(|of| Discrepancy {
        key: of.key,
        attribute: from_named(of.attribute),
        believed: of.believed,
        overruled: of.overruled,
    });
    Discrepancies {
        entity: from_named(of.entity),
        precedence: of.order.into_iter().map(from_named).collect(),
        shared: of.shared,
        overruled: of.overruled,
        counts: counts.collect(),
        values: values.collect(),
    }
}

fn data_rule(of: DataRuleView) -> DataRule {
    DataRule {
        rule: from_named(of.rule),
        kpi: from_named(of.kpi),
        bound: of.bound,
        otherwise: match of.otherwise {
            Consequence::Warn => "warn".into(),
            Consequence::Distrust => "distrust".into(),
        },
        by: of.by,
        judged: of.judged,
        broken_in: of.broken.into_iter().map(|(period, _)| period).collect(),
    }
}

fn delivery(of: DeliveryView) -> Delivery {
    Delivery {
        state: of.state.word().into(),
        last: of.last,
        rows: of.rows,
        usual_rows: of.usual_rows,
        expected: of.expected,
        due: of.due,
        late_seconds: of.late,
        bookmark: of.bookmark,
        posted: of.posted.map(|of| Posted {
            taken: of.taken,
            rows: of.rows,
            repeated: of.repeated,
            refused: of.refused,
            last_taken: of.last_taken,
            last_refused: of.last_refused,
            why_refused: of.why,
            waiting_bytes: of.waiting,
        }),
    }
}

impl Api<'_> {
    /// A source, with its rows once more for the sum.
    fn source(self, of: &project::Source) -> (RowCounts, Source) {
        let view = self.0.source_view(of);
        let counts = view.rows;
        let entity = self.0.data_until(&of.into);
        let source = Source {
            source: from_named(view.source),
            into: from_named(view.into),
            from: view.from,
            mode: match of.mode {
                Mode::Append => "append".into(),
                Mode::Upsert => "upsert".into(),
                Mode::Snapshot => "snapshot".into(),
                Mode::Keys => "keys".into(),
            },
            purpose: of.purpose.as_ref().map(ToString::to_string),
            owner: self.person(of.owner.as_ref()),
            data_until: of
                .complete_until
                .or(entity)
                .filter(|_| !view.loads.is_empty())
                .map(|day| day.to_string()),
            last_landed: view.last_landed,
            delivery: delivery(view.delivery),
            not_landed: view
                .not_landed
                .into_iter()
                .map(|of| NotLanded { file: of.file, reason: of.reason, looked_at: of.looked_at })
                .collect(),
            rows: rows(view.rows),
            loads: view
                .loads
                .into_iter()
                .map(|l| Load {
                    id: l.id,
                    file: l.file,
                    content: l.content,
                    landed_at: l.landed_at,
                    rows: rows(l.rows),
                })
                .collect(),
            missing: view
                .missing
                .into_iter()
                .map(|m| Missing { attribute: from_named(m.attribute), reason: m.reason, count: m.count })
                .collect(),
            labels: view.labels.into_iter().collect(),
            profiles: view.profiles.into_iter().map(profile).collect(),
            drift: view.drift,
            rules: view
                .rules
                .into_iter()
                .map(|r| Rule {
                    name: r.name,
                    require: r.require,
                    otherwise: match r.otherwise {
                        Otherwise::Warn => "warn".into(),
                        Otherwise::Quarantine => "quarantine".into(),
                        Otherwise::Stop => "stop".into(),
                    },
                    broken: r.broken,
                })
                .collect(),
        };
        (counts, source)
    }
}

fn profile(of: ProfileView) -> Profile {
    Profile {
        attribute: from_named(of.attribute),
        rows: of.rows,
        missing_share: of.missing,
        usual_missing_share: of.usual_missing,
        distinct: of.distinct,
        looked_at: of.looked_at,
        spread: of.spread.map(Vec::from).unwrap_or_default(),
    }
}

fn rows(of: RowCounts) -> Rows {
    Rows {
        read: of.read,
        out_of_scope: of.out_of_scope,
        landed: of.landed(),
        accepted: of.accepted,
        superseding: of.superseding,
        quarantined: of.quarantined,
        duplicate: of.duplicate,
        erased: of.erased,
    }
}
