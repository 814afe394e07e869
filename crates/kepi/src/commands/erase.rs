//! `kepi erase`: rows taken out of everything that is kept, and what the log says of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
};

use kepi_app::erasing::{Asked, Certificate, Erasure};
use kepi_model::id::EntityId;

use super::deciding::{acting, nothing, opened};
use crate::{
    cli::{Cli, Format, erasing::Erase},
    compose::{self, Site},
    failure::Failure,
    output::Output,
    progress::Terminal,
};

/// Erases rows, says what would go, or what went.
pub async fn erase(what: &Erase, cli: &Cli, out: Output) -> Result<(), Failure> {
    if let Some(event) = what.certificate {
        let Some(app) = compose::reading(Site::of(cli)).await? else { return Err(nothing()) };
        return certificate(&app.certificate(event).await?, out);
    }
    let entity = what.entity.as_deref().unwrap_or_default();
    let named = |name: &str| -> Result<EntityId, Failure> {
        name.parse().map_err(|_| Failure::Other(format!("`{name}` is no name of an entity")))
    };
    let why = match (&what.message, what.dry_run) {
        (Some(why), _) => why.clone(),
        (None, true) => "only looked".to_owned(),
        (None, false) => {
            return Err(Failure::Other(
                "say why by --message: it is asked for years later; name nobody in it".to_owned(),
            ));
        }
    };
    let asked = Asked {
        entity: named(entity)?,
        keys: keys(what)?,
        with: what.with.iter().map(|with| named(with)).collect::<Result<BTreeSet<_>, _>>()?,
        why,
        dry: what.dry_run,
    };
    let app = opened(Site::of(cli)).await?;
    let actor = compose::actor(cli);
    let progress = Terminal::new(out.quiet);
    let done = app.erase(&asked, acting(&actor), &progress).await;
    progress.done();
    let done = done?;
    match out.format {
        Format::Json => out.json(&done)?,
        Format::Csv | Format::Table => say(&done, out)?,
    }
    if done.event.is_some() && !done.gone {
        out.remark(
            "others read the database: bytes of what was erased are in it until the next command that writes finds nobody reading",
        );
    }
    Ok(())
}

fn keys(what: &Erase) -> Result<Vec<Vec<String>>, Failure> {
    let Some(path) = &what.keys else {
        if what.key.is_empty() {
            return Err(Failure::Other("name a key, or a file with keys by --keys".to_owned()));
        }
        return Ok(vec![what.key.clone()]);
    };
    let failed = |e: std::io::Error| Failure::Other(format!("`{}` cannot be read: {e}", path.display()));
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
        text
    } else {
        std::fs::read_to_string(path).map_err(failed)?
    };
    let keys: Vec<Vec<String>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split('\t').map(|part| part.trim().to_owned()).collect())
        .collect();
    if keys.is_empty() {
        return Err(Failure::Other(format!("`{}` names no key", path.display())));
    }
    Ok(keys)
}

fn of(all: &BTreeMap<EntityId, u64>) -> String {
    let all: Vec<String> = all.iter().map(|(entity, n)| format!("{n} of {entity}")).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn say(done: &Erasure, out: Output) -> Result<(), Failure> {
    let holding = &done.holding;
    if let Some(event) = done.asked {
        out.line(&format!(
            "asked for, by event {event}: nothing is erased until another owner runs the same command, within thirty days"
        ))?;
        out.line(&format!("rows, every version: {}", of(&holding.rows)))?;
        return Ok(());
    }
    match done.event {
        Some(event) => out.line(&format!("erased, by event {event} (`kepi erase --certificate {event}`)"))?,
        None => out.line("would be erased; nothing has changed")?,
    }
    out.line(&format!("rows, every version: {}", of(&holding.rows)))?;
    if !holding.merged.is_empty() {
        let merged: Vec<&str> = holding.merged.iter().map(String::as_str).collect();
        out.line(&format!("merged into them at the source, so they go, too: {}", merged.join(", ")))?;
    }
    if !holding.emptied.is_empty() {
        out.line(&format!("rows that stay and lose their reference: {}", of(&holding.emptied)))?;
    }
    out.line(&format!("data files written anew: {}", holding.files))?;
    for (what, n) in [
        ("rejected rows, of which place and rule stay", holding.rejected),
        ("reports of loads that quoted a key", holding.reports),
        ("texts about them", holding.texts),
        ("fetched or copied files, whole", holding.raw.len() as u64),
    ] {
        if n > 0 {
            out.line(&format!("{what}: {n}"))?;
        }
    }
    out.line(&format!("published figures that rest on them and stand: {}", done.figures))?;
    if done.unproven > 0 {
        out.line(&format!(
            "of them not reproducible before, so that nothing vouches for them afterwards: {}",
            done.unproven
        ))?;
    }
    if done.named > 0 {
        out.line(&format!(
            "not reached: {} published figures whose segment is named after a key",
            done.named
        ))?;
    }
    for (source, files) in &holding.elsewhere {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        out.line(&format!("not reached, it is not Kepi's: source {source}: {}", files.join(", ")))?;
    }
    for source in &holding.bookmarks {
        out.line(&format!("not reached: how far fetching of source {source} has come says a key"))?;
    }
    Ok(())
}

fn certificate(of: &Certificate, out: Output) -> Result<(), Failure> {
    if out.format == Format::Json {
        return Ok(out.json(of)?);
    }
    let at = jiff::Timestamp::from_microsecond(of.at).map(|at| at.to_string()).unwrap_or_default();
    let with: Vec<&str> = of.with.iter().map(EntityId::as_str).collect();
    let with = if with.is_empty() { String::new() } else { format!(", with rows of {}", with.join(", ")) };
    out.line(&format!("event {} of {}: {} keys of {}{with}", of.event, of.log, of.keys.len(), of.entity))?;
    out.line(&format!("erased {at} by {}", of.by))?;
    out.line(&format!("why: {}", of.why.as_deref().unwrap_or("the text was erased")))?;
    let reached = &of.reached;
    let rows: Vec<String> = reached.rows.iter().map(|(entity, n)| format!("{n} of {entity}")).collect();
    out.line(&format!("rows, every version: {}", rows.join(", ")))?;
    let emptied: Vec<String> = reached.emptied.iter().map(|(entity, n)| format!("{n} of {entity}")).collect();
    if !emptied.is_empty() {
        out.line(&format!("rows that lost their reference: {}", emptied.join(", ")))?;
    }
    out.line(&format!(
        "rejected rows {}, fetched or copied files {}, texts {}; published figures that stand {}",
        reached.rejected, reached.raw, reached.texts, reached.figures
    ))?;
    out.line(&format!("data files written anew: {}, root over their checksums {}", of.files, of.files_root))?;
    for key in &of.keys {
        out.line(&format!("key {key}"))?;
    }
    out.line(&format!("log of {} events, root {}", of.size, of.root))?;
    Ok(())
}
