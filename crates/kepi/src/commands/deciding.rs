//! `kepi propose`, `pull`, `approve`, `reject`, `abstain`, `withdraw` and `inbox`.

use kepi_app::{
    App,
    deciding::{self, Acting, Deciding, ItemView, MissingView, Stance, on_one_line, short},
    editing::Edit,
    open,
    pull::{self, Pulled, TakenIn},
};

use kepi_model::{edit, governance::Mode};
use kepi_report::{
    dual::{Counts, DualRun},
    format::Clock,
};
use serde::Serialize;

use super::plan::by_both;
use crate::{
    cli::{Cli, Format, Inbox, Numbered, Propose, Pull, Vote},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
    progress::Terminal,
};

/// Proposes what stands in the folder.
pub async fn propose(what: &Propose, cli: &Cli, out: Output) -> Result<(), Failure> {
    let site = Site::of(cli);
    if let Some(of) = &what.of {
        return propose_values(what, of, cli, out).await;
    }
    let (files, project) = open::load(site.folder, &compose::sources(site.folder), Some(compose::today()))?;
    let app = opened(site).await?;
    let actor = compose::actor(cli);
    let TakenIn { files, project, decided } = pull::taken_in(&app.store, site.folder, files, project).await?;
    say_decided(&decided, out);
    let (deciding, why) = (Deciding(&app.store), &what.message);
    let item = match what.emergency {
        true => deciding.propose_at_once(&files, &project, acting(&actor), why).await?,
        false => deciding.propose(&files, &project, acting(&actor), why, what.item).await?,
    };
    pull::note(&app.store, site.folder).await;
    dual_runs(&app, out).await;
    show(&app, item, out).await
}

/// Proposes a definition as it is in force, or as an open item proposes it, with other values.
async fn propose_values(what: &Propose, of: &str, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    if deciding::mode(&app.store).await? == Mode::Open {
        return Err(Failure::Other(
            "this project is open: what stands in its files is put in force by the next run; change the file, or let a `governance:` say \
             who decides"
                .to_owned(),
        ));
    }
    let values: Vec<(Vec<String>, String)> = what
        .set
        .iter()
        .map(|set| {
            let (path, value) = set.split_once('=').ok_or_else(|| {
                Failure::Other(format!(
                    "`{set}` sets nothing: write a path and a value, `targets/0/target=45`"
                ))
            })?;
            Ok((path.split('/').map(str::to_owned).collect(), value.to_owned()))
        })
        .collect::<Result<_, Failure>>()?;
    let from = what.from.map(|from| from.to_string());
    let deciding = Deciding(&app.store);
    let drafted = deciding.drafted(of, from.as_deref(), Edit::Values(&values), what.item).await?;
    let Some((files, project)) = drafted.whole else {
        let fields = edit::fields(&drafted.draft.text).unwrap_or_default();
        let fields: Vec<String> = fields.iter().map(|field| format!("  {}", field.path.join("/"))).collect();
        let mut said: Vec<String> = drafted
            .draft
            .findings
            .iter()
            .map(|of| format!("{} {}", of.message, of.place).trim().to_owned())
            .collect();
        if !fields.is_empty() {
            said.push(format!("what of `{of}` can be set:\n{}", fields.join("\n")));
        }
        return Err(Failure::Other(said.join("\n")));
    };
    let item = deciding.propose(&files, &project, acting(&actor), &what.message, what.item).await?;
    dual_runs(&app, out).await;
    show(&app, item, out).await
}

/// Says what was decided since the folder was followed, and stands in what is proposed or planned.
pub(super) fn say_decided(decided: &[String], out: Output) {
    if !decided.is_empty() {
        out.remark(&format!(
            "taken in, as it was decided since the folder was followed: {}; `kepi pull` writes it",
            decided.join(", ")
        ));
    }
}

/// Says loudly what was changed in an emergency and is not ratified, whatever is asked for; what cannot be read is said by what was.
pub async fn say_emergencies(site: Site<'_>, out: Output) {
    let Ok(Some(store)) = compose::audited(site).await else { return };
    let unratified = deciding::unratified(&store).await.unwrap_or_default();
    if unratified.is_empty() {
        return;
    }
    let clock = deciding::local_clock(&store).await.unwrap_or_else(|_| Clock::utc());
    for (item, of, until) in unratified {
        out.remark(&format!(
            "EMERGENCY: item {item} changed {} and is not ratified: it is taken back on {} unless it is (`kepi item {item}`)",
            of.join(", "),
            clock.date(until)
        ));
    }
}

/// Writes what is in force into the folder.
pub async fn pull(what: &Pull, site: Site<'_>, out: Output) -> Result<(), Failure> {
    let Some(store) = compose::audited(site).await? else { return Err(nothing()) };
    let pulled = pull::pull(&store, site.folder, what.settled).await?;
    match out.format {
        Format::Json => out.json(&pulled)?,
        Format::Csv => {
            let mut grid = Grid::new(&["What", "File or definition"]);
            let all = [
                ("written", &pulled.written),
                ("removed", &pulled.removed),
                ("edited here", &pulled.edited),
                ("contradicts", &pulled.contradictions),
                ("not written", &pulled.unwritten),
            ];
            for (word, of) in all.into_iter().flat_map(|(word, all)| all.iter().map(move |of| (word, of))) {
                grid.push(vec![Field::text(word), Field::text(of.clone())]);
            }
            out.rows(&grid)?;
        }
        Format::Table => out.line(followed(&pulled).trim_end())?,
    }
    match pulled.contradictions.is_empty() && pulled.unwritten.is_empty() {
        true => Ok(()),
        false => Err(Failure::Findings),
    }
}

fn followed(pulled: &Pulled) -> String {
    let mut lines = Vec::new();
    let mut say = |what: &str, all: &[String]| lines.extend(all.iter().map(|of| format!("{what} {of}")));
    say("wrote", &pulled.written);
    say("removed", &pulled.removed);
    say("NOT WRITTEN", &pulled.unwritten);
    say("CONTRADICTS", &pulled.contradictions);
    if !pulled.contradictions.is_empty() {
        lines.push(
            "  nothing is written over: settle it in the files, then `kepi pull --settled`, `kepi propose`"
                .to_owned(),
        );
    }
    if !pulled.edited.is_empty() {
        lines.push(format!(
            "edited here, not decided: {} (`kepi plan`, `kepi propose`)",
            pulled.edited.join(", ")
        ));
    }
    if lines.is_empty() {
        lines.push(format!("the folder is what is in force since event {}", pulled.register));
    }
    lines.iter().map(|line| on_one_line(line)).collect::<Vec<_>>().join("\n")
}

/// Says something of an item.
pub async fn vote(what: &Vote, stance: Stance, cli: &Cli, out: Output) -> Result<(), Failure> {
    let site = Site::of(cli);
    let app = opened(site).await?;
    let actor = compose::actor(cli);
    let content = what.content.as_deref();
    Deciding(&app.store).vote(what.item, stance, content, acting(&actor), what.message.as_deref()).await?;
    pull::note(&app.store, site.folder).await;
    dual_runs(&app, out).await;
    show(&app, what.item, out).await
}

/// Gives up an item.
pub async fn withdraw(what: &Numbered, cli: &Cli, out: Output) -> Result<(), Failure> {
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    Deciding(&app.store).withdraw(what.item, acting(&actor)).await?;
    show(&app, what.item, out).await
}

/// Lists what waits.
pub async fn inbox(what: &Inbox, cli: &Cli, out: Output) -> Result<(), Failure> {
    let Some(store) = compose::audited(Site::of(cli)).await? else { return Err(nothing()) };
    let actor = compose::actor(cli);
    let of = (!what.open && !what.all).then_some(actor.as_str());
    let mut items = deciding::inbox(&store, of, what.all).await?;
    if of.is_some() {
        items.retain(|item| item.work.snoozed.is_none_or(|until| until <= compose::now()));
    }
    if items.is_empty()
        && let Some(of) = of
    {
        let open = deciding::inbox(&store, None, false).await?.len();
        if !deciding::is_known(&store, of).await? {
            out.remark(&format!("`{of}` is no person of this project: name one with `--as`"));
        }
        let elsewhere =
            if open > 0 { format!("; {open} wait for others: `kepi inbox --open`") } else { String::new() };
        out.remark(&format!("nothing waits for {of}{elsewhere}"));
    }
    if out.format == Format::Json {
        return Ok(out.json(&items)?);
    }
    // What is due first comes first, as on the page.
    items.sort_by_key(|item| (item.due.is_none(), item.due));
    let clock = deciding::local_clock(&store).await?;
    let mut grid = Grid::new(&["Item", "Kind", "State", "By", "Due", "Waits for", "Why"]);
    for of in &items {
        let mut waits: Vec<String> = of.missing.iter().map(waits_for).collect();
        waits.extend(of.work.owner.as_ref().map(|owner| owner.person.clone()));
        let waits = waits.join("; ");
        let due = of.due.map(|due| clock.date(due)).unwrap_or_default();
        let cells = [of.kind.to_owned(), of.state.to_owned(), of.authors.join(", "), due, waits, why(of)];
        let number = Field::digits(of.item.to_string(), of.item.to_string());
        grid.push([number].into_iter().chain(cells.into_iter().map(Field::text)).collect());
    }
    out.rows(&grid)?;
    Ok(())
}

pub(super) async fn opened(site: Site<'_>) -> Result<App, Failure> {
    if compose::audited(site).await?.is_none() {
        return Err(nothing());
    }
    compose::app(site, compose::Means::default()).await
}

pub fn nothing() -> Failure {
    let why = "nothing is in force yet: the first `kepi run` puts in force what stands in the folder";
    Failure::Other(why.to_owned())
}

pub(super) fn acting(actor: &str) -> Acting<'_> {
    Acting { actor, at: compose::now(), key: None }
}

pub(super) async fn show(app: &App, number: u64, out: Output) -> Result<(), Failure> {
    if Deciding(&app.store).is_only_watched(number).await? {
        let why = format!(
            "item {number} is only watched, so that what is done about others can be seen beside it: nobody is told what it is about; \
             `kepi playbooks` counts what is held out"
        );
        return Err(Failure::Other(why));
    }
    let (item, mut said) = Deciding(&app.store).item(number).await?;
    said.extend(app.beside(number).await?);
    let dual = app.dual_run(number).await?;
    let clock = deciding::local_clock(&app.store).await?;
    said.extend(dual.iter().flat_map(figures));
    match out.format {
        Format::Json => out.json(&WithFigures { item, figures: dual })?,
        Format::Csv => {
            let mut grid = Grid::new(&["By", "Said", "When", "Why"]);
            for of in &item.ballots {
                let cells = [
                    of.by.clone(),
                    of.stance.to_owned(),
                    clock.instant(of.at),
                    of.why.clone().unwrap_or_default(),
                ];
                grid.push(cells.into_iter().map(Field::text).collect());
            }
            out.rows(&grid)?;
        }
        Format::Table => out.line(in_words(&item, &said, &clock).trim_end())?,
    }
    Ok(())
}

/// An item with figures by both definitions.
#[derive(Serialize)]
struct WithFigures {
    #[serde(flatten)]
    item: ItemView,
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<DualRun>,
}

/// What a dual run found, in lines.
fn figures(of: &DualRun) -> Vec<String> {
    let mut lines: Vec<String> =
        of.vetted.iter().map(|of| format!("{} ({}): {}", of.kpi, of.analysis, of.said)).collect();
    lines.extend(of.not_run.iter().map(|why| format!("figures by both could not be computed: {why}")));
    for both in of.figures.iter().chain(&of.scores) {
        lines.push(format!("{} by both: {}", both.id, both.counts.map_or(String::new(), Counts::words)));
        lines.extend(both.newest.iter().chain(&both.parts).map(|of| format!("  {}", by_both(of))));
    }
    lines
}

/// Computes figures by both definitions of what waits now. What cannot be computed keeps nobody from deciding.
async fn dual_runs(app: &App, out: Output) {
    let progress = Terminal::new(out.quiet);
    if let Err(why) = app.dual_runs(compose::now(), false, &progress).await {
        tracing::warn!("figures by both definitions were not computed: {why}");
    }
    progress.done();
}

fn in_words(item: &ItemView, said: &[String], clock: &Clock) -> String {
    let mut lines = vec![
        match item.aspects.is_empty() {
            true => format!("item {}: {}, {}", item.item, item.kind, item.state),
            false => {
                format!("item {}: {} ({}), {}", item.item, item.kind, item.aspects.join(", "), item.state)
            }
        },
        format!("  by {} on {}", item.authors.join(", "), clock.date(item.opened)),
        format!("  why: {}", why(item)),
        format!("  content: {}", short(&item.content)),
    ];
    lines.extend(item.touches.iter().map(|of| format!("  touches {of}")));
    lines.extend(said.iter().map(|said| format!("    {said}")));
    lines.extend(item.contradicts.iter().map(|of| format!("  CONTRADICTS {of}")));
    if !item.concerned.is_empty() {
        lines.push(format!("  concerns {}", item.concerned.join(", ")));
    }
    if !item.paid.is_empty() {
        lines.push(format!("  pay of {} hangs on it: they decide on nothing of it", item.paid.join(", ")));
    }
    for of in &item.ballots {
        let why = of.why.as_ref().map_or(String::new(), |why| format!(": {why}"));
        lines.push(format!("  {} says {}{why}", of.by, of.stance));
    }
    for of in &item.remarks {
        let text = of.text.as_deref().unwrap_or("the text was erased");
        let says = match (of.says, of.to) {
            ("objection", _) if of.stands => "OBJECTS".to_owned(),
            ("objection", _) => "objected, which is resolved".to_owned(),
            ("resolution", Some(to)) => format!("says how {to} is resolved"),
            _ => "says".to_owned(),
        };
        lines.push(format!("  {}. {} {says}: {text}", of.number, of.by));
    }
    if item.rounds.len() > 1 || (item.due.is_none() && !item.rounds.is_empty()) {
        for (n, of) in item.rounds.iter().enumerate() {
            let why = of.why.as_ref().map_or(String::new(), |why| format!(": {why}"));
            lines.push(format!("  round {} by {} on {}{why}", n + 1, of.by, clock.date(of.at)));
            lines.extend(of.said.iter().map(|said| format!("    {said}")));
        }
    }
    lines.extend(item.missing.iter().map(|of| format!("  waits for {}", waits_for(of))));
    lines.extend(super::acting::in_words(&item.work, clock));
    if let Some(due) = item.due {
        match item.work.owner {
            Some(_) => lines.push(format!("  due at {}", clock.instant(due))),
            None if item.state == "recovering" || item.state == "measuring" => {
                lines.push(format!("  waits for data, at most until {}", clock.date(due)));
            }
            None if item.state == "ratification" => {
                lines
                    .push(format!("  IN FORCE, and taken back on {} unless it is ratified", clock.date(due)));
            }
            None => lines.push(format!("  lapses on {}", clock.date(due))),
        }
    }
    lines.join("\n")
}

fn waits_for(of: &MissingView) -> String {
    let names = |word: &str| {
        if of.of.is_empty() {
            "somebody else: everybody who could has abstained or is not there any more".to_owned()
        } else {
            of.of.join(word)
        }
    };
    match (of.what, of.functions) {
        ("all", _) => names(" and "),
        ("named", _) => format!("two of those named for emergencies: {}", names(", ")),
        ("owner", _) => format!("an owner: {}", names(" or ")),
        ("objecting", _) => format!("an answer to the objection of {}", names(" and ")),
        ("board", Some((functions, quorum))) => {
            format!("the board, {functions} of {quorum} functions have said yes: {}", names(", "))
        }
        _ => names(" or "),
    }
}

fn why(item: &ItemView) -> String {
    item.why.clone().unwrap_or_else(|| "the text was erased".to_owned())
}
