//! Screening: what is doubtful about answers is found at every run and landed as rows of its own; people confirm or dismiss it, and the
//! next run follows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};
use kepi_govern::{
    Command, Organisation,
    judging::{Judging, MOST, Verdict},
    laws::{self, Violation},
    periods::Freeze,
};
use kepi_model::{
    governance::Aspect,
    id::EntityId,
    meaning::expression_form,
    project::{Kpi, Project},
    screening::{Fault, Screen, found},
};
use kepi_proof::Digest;
use kepi_query::{
    landing::{Fetched, PortError, Rows as Into},
    port::{MemoryTable, PinnedColumn, PinnedInputs},
    screen::{self, CutOffs, Known, Rows, Said, State, Tally},
};
use kepi_store::{Store, Violations};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    concerned,
    deciding::{Acting, Deciding, words},
    error::AppError,
    open::App,
};

/// How far screening has come: how often anything was written, and the cut-offs, which hold for as long as they are meant so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Bookmark {
    revision: i64,
    /// What the cut-offs are of: declared otherwise, they are taken anew.
    speeding: Value,
    cut_offs: CutOffs,
}

/// A row that is flagged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScreenedRow {
    /// The entity.
    pub entity: EntityId,
    /// Its key: `kepi screen confirm` takes it.
    pub key: String,
    /// What has become of it.
    pub state: State,
    /// What somebody said since: it holds from the next run on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<State>,
    /// Which rules flag it.
    pub flags: Vec<String>,
}

/// What stands of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Screened {
    /// The entity.
    pub entity: EntityId,
    /// How often each rule flags, and what became of the rows.
    pub tally: Tally,
    /// Whether its keys are personal: they are shown to nobody.
    #[serde(skip)]
    pub is_personal: bool,
    /// The cut-offs of time, by version of the questionnaire.
    pub cut_offs: CutOffs,
    /// The rows, by key.
    pub rows: Vec<ScreenedRow>,
}

/// What stands for a row in the log: the same for ever, and nothing to whoever lacks its secret.
fn row_of(store: &Store, of: &EntityId, key: &str) -> Digest {
    let text = json!(["screened", of, key]).to_string();
    Digest::of(&[&store.secret()[..], text.as_bytes()].concat())
}

fn said(store: &Store, organisation: &Organisation, of: &EntityId, key: &str) -> Option<Said> {
    Some(match organisation.judged.of(of, row_of(store, of, key))? {
        Verdict::Confirm => Said::Confirmed,
        Verdict::Dismiss => Said::Dismissed,
    })
}

/// Columns of a table in memory.
pub(crate) async fn read(
    app: &App,
    inputs: &PinnedInputs,
    of: &EntityId,
    names: &BTreeSet<String>,
) -> Result<(Vec<PinnedColumn>, MemoryTable), PortError> {
    let Some(table) = inputs.tables.get(of) else { return Ok((Vec::new(), MemoryTable::default())) };
    let columns: Vec<PinnedColumn> =
        table.columns.iter().filter(|column| names.contains(&column.name)).cloned().collect();
    let rows = app.evaluator.read(table, &columns, None, &app.limits).await?;
    Ok((columns, rows))
}

/// What stands of a screen.
async fn known(app: &App, inputs: &PinnedInputs, screen: &Screen) -> Result<Known, PortError> {
    let Some(of) = screen.table() else { return Ok(Known::new()) };
    let (_, names) = screen::columns(screen);
    let (columns, table) = read(app, inputs, &of, &names).await?;
    Ok(screen::known(screen, Rows { columns: &columns, table: &table }))
}

/// What decides the cut-offs of time.
fn speeding(screen: &Screen) -> Value {
    let of = screen.rules.iter().find_map(|rule| match &rule.fault {
        Fault::Speeding { took, below, after, .. } => Some(json!([expression_form(took), below, after])),
        _ => None,
    });
    of.unwrap_or_default()
}

/// Screens the rows of an entity as they stand, and writes what differs from what was found before.
pub(crate) async fn after(
    app: &App,
    project: &Project,
    screen: &Screen,
    from: Option<&Value>,
    into: &mut dyn Into,
) -> Result<Fetched, PortError> {
    let mut bookmark: Bookmark = match from {
        Some(from) => serde_json::from_value(from.clone())?,
        None => Bookmark::default(),
    };
    let speeding = speeding(screen);
    if bookmark.speeding != speeding {
        (bookmark.speeding, bookmark.cut_offs) = (speeding, CutOffs::new());
    }
    let inputs = app.lake.pin(project, None).await?;
    let (names, _) = screen::columns(screen);
    let (columns, table) = read(app, &inputs, &screen.entity, &names).await?;
    let found = screen::screen(screen, Rows { columns: &columns, table: &table }, &mut bookmark.cut_offs);
    let known = known(app, &inputs, screen).await?;
    let organisation = app.store.organisation().await?;
    let said = |key: &str| said(&app.store, &organisation, &screen.entity, key);
    let changed = screen::changed(screen, &found, &said, &known);
    if changed.is_empty() {
        // Nothing is written for a cut-off that flags nobody: it is taken of the same answers again.
        return Ok(Fetched { bookmark: from.cloned().unwrap_or_default(), whole: false, more: false });
    }
    bookmark.revision += 1;
    let instant = |at: i64| Timestamp::from_microsecond(at).unwrap_or_default().to_string();
    for (of, state) in changed {
        let mut row = Map::new();
        row.insert(found::ID.to_owned(), json!(of.key));
        row.insert(found::ANSWERED_AT.to_owned(), json!(of.answered_at.map(instant)));
        row.insert(found::INSTRUMENT.to_owned(), json!(of.instrument));
        row.insert(found::STATE.to_owned(), json!(state.word()));
        row.insert(found::EXCLUDED.to_owned(), json!(state.is_excluded()));
        // An instant long before any answer: what is said last of a row holds for all time.
        row.insert(found::REVISION.to_owned(), json!(instant(bookmark.revision)));
        for (rule, flag) in screen.rules.iter().zip(&of.flags) {
            row.insert(rule.id.to_string(), json!(flag));
        }
        into.row(&Value::Object(row).to_string())?;
    }
    Ok(Fetched { bookmark: serde_json::to_value(&bookmark)?, whole: false, more: false })
}

impl App {
    /// What stands of the screens of a project, or of one entity.
    ///
    /// # Errors
    /// Rows of the entity are not screened, nothing is in force, or the lake cannot be read.
    pub async fn screened(&self, entity: Option<&str>) -> Result<Vec<Screened>, AppError> {
        let project = self.in_force().await?;
        let mut screens: Vec<&Screen> =
            project.entities.values().filter_map(|entity| entity.screen.as_ref()).collect();
        if let Some(name) = entity {
            screens.retain(|screen| screen.entity.as_str() == name);
            if screens.is_empty() {
                return Err(not_screened(name));
            }
        }
        let mut all = Vec::new();
        if screens.is_empty() {
            return Ok(all);
        }
        let inputs = self.lake.pin(&project, None).await.map_err(AppError::Lake)?;
        let organisation = self.store.organisation().await?;
        let delivered = self.lake.delivered().await.map_err(AppError::Lake)?;
        for screen in screens {
            let known = known(self, &inputs, screen).await.map_err(AppError::Lake)?;
            let flagged = known.iter().filter(|(_, (state, _))| *state != State::Clean);
            let rows = flagged.map(|(key, (state, flags))| {
                let said = said(&self.store, &organisation, &screen.entity, key).map(|said| match said {
                    Said::Confirmed => State::Confirmed,
                    Said::Dismissed => State::Dismissed,
                });
                let flags = screen.rules.iter().zip(flags).filter(|(_, flag)| **flag);
                ScreenedRow {
                    entity: screen.entity.clone(),
                    key: key.clone(),
                    state: *state,
                    said: said.filter(|said| said != state),
                    flags: flags.map(|(rule, _)| rule.id.to_string()).collect(),
                }
            });
            let rows: Vec<ScreenedRow> = rows.collect();
            let source = screen.table().and_then(|table| table.as_str().parse().ok());
            let bookmark = source.and_then(|id| delivered.get(&id)?.bookmark.clone());
            let bookmark: Option<Bookmark> = bookmark.and_then(|text| serde_json::from_str(&text).ok());
            all.push(Screened {
                entity: screen.entity.clone(),
                tally: screen::tally(screen, &known),
                is_personal: is_key_personal(&project, screen),
                cut_offs: bookmark.unwrap_or_default().cut_offs,
                rows,
            });
        }
        Ok(all)
    }

    /// Refuses what would change figures of days on which data are frozen.
    async fn not_frozen(&self, project: &Project, entity: &str, keys: &[String]) -> Result<(), AppError> {
        let organisation = self.store.organisation().await?;
        let frozen = organisation.periods.frozen.iter().filter(|(_, of)| of.aspects.contains(&Aspect::Data));
        let frozen: Vec<_> = frozen.collect();
        let screen = project.entities.values().filter_map(|entity| entity.screen.as_ref());
        let Some(screen) = screen.filter(|_| !frozen.is_empty()).find(|of| of.entity.as_str() == entity)
        else {
            return Ok(());
        };
        let Some(table) = screen.table() else { return Ok(()) };
        let inputs = self.lake.pin(project, None).await.map_err(AppError::Lake)?;
        let (_, names) = screen::columns(screen);
        let (columns, table) = read(self, &inputs, &table, &names).await.map_err(AppError::Lake)?;
        let zone = TimeZone::get(&project.calendar.zone).unwrap_or(TimeZone::UTC);
        for (key, at) in screen::answered(Rows { columns: &columns, table: &table }) {
            let day = Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(zone.clone()).date();
            let holds = |(_, of): &&(&u64, &Freeze)| of.from <= day && day < of.until;
            if let Some((item, _)) = frozen.iter().find(holds).filter(|_| keys.contains(&key)) {
                let message = format!(
                    "it changes figures of days on which item {item} has frozen data: propose to lift that, `kepi lift {item}`"
                );
                return Err(AppError::Forbidden(Violations(vec![Violation { code: laws::FROZEN, message }])));
            }
        }
        Ok(())
    }

    /// Says of rows that are flagged what they are. The next run follows. How many rows it was.
    ///
    /// # Errors
    /// A row is not flagged, a law forbids it, or the database refuses.
    pub async fn judge_rows(
        &self,
        entity: &str,
        keys: &[String],
        verdict: Verdict,
        why: &str,
        acting: Acting<'_>,
    ) -> Result<usize, AppError> {
        let screened = self.screened(Some(entity)).await?;
        let flagged: BTreeMap<&str, &ScreenedRow> =
            screened.iter().flat_map(|of| &of.rows).map(|row| (row.key.as_str(), row)).collect();
        let mut rows = BTreeSet::new();
        for key in keys {
            let row = flagged.get(key.as_str());
            let row = row.ok_or_else(|| {
                AppError::NotFound(format!(
                    "no row of `{entity}` with the key `{key}` is flagged: `kepi screen list {entity}`"
                ))
            })?;
            rows.insert(row_of(&self.store, &row.entity, key));
        }
        let project = self.in_force().await?;
        self.not_frozen(&project, entity, keys).await?;
        let reads = |kpi: &&Kpi| {
            let of = |wording: &Kpi| wording.measure.entities().iter().any(|of| of.as_str() == entity);
            kpi.wordings().any(of) && kpi.wordings().any(|wording| !wording.targets.is_empty())
        };
        let people =
            project.kpis.values().filter(reads).flat_map(|kpi| concerned::of_any(&project, kpi)).collect();
        let own = || {
            format!("you answer for targets of figures made of rows of `{entity}`: somebody else judges them")
        };
        let organisation = self.store.organisation().await?;
        concerned::by_another(&Deciding(&self.store), &organisation, acting.actor, &people, own).await?;
        if rows.len() > MOST {
            return Err(AppError::NotFound(format!("at most {MOST} rows are judged at once")));
        }
        let why = words("the reason", why)?;
        let of = entity.parse().map_err(|_| not_screened(entity))?;
        let command = Command::Judge(Judging { of, rows, verdict, why: why.commitment });
        Deciding(&self.store).kept(&command, vec![why], acting).await?;
        Ok(keys.len())
    }
}

fn is_key_personal(project: &Project, screen: &Screen) -> bool {
    let key = project.entities.get(&screen.entity).and_then(|entity| entity.attribute(&screen.key));
    key.is_some_and(|key| key.personal)
}

fn not_screened(entity: &str) -> AppError {
    AppError::NotFound(format!(
        "rows of `{entity}` are not screened: `screen:` of an entity says what is looked for"
    ))
}
