//! `kepi deliver`: what is whose turn leaves as a message.

use std::{sync::Arc, time::Duration};

use kepi_app::{
    App,
    deciding::local_clock,
    delivering::{Delivered, MessageView},
};
use kepi_connect::Connections;
use kepi_report::format::Clock;

use super::deciding::{nothing, opened};
use crate::{
    cli::{Cli, Deliver, Format},
    compose::{self, Site},
    failure::Failure,
    output::{Field, Grid, Output},
};

/// How often a server looks whether something is to leave.
const PAUSE: Duration = Duration::from_secs(20);

/// Sends what is due, or shows what was, is and would be sent.
pub async fn deliver(what: &Deliver, cli: &Cli, out: Output) -> Result<(), Failure> {
    let site = Site::of(cli);
    if let Some(state) = what.state {
        let app = compose::reading(site).await?.ok_or_else(nothing)?;
        let mut all = app.outbox(None).await?;
        all.retain(|of| of.state == state.word());
        return show(&all, &local_clock(&app.store).await?, out);
    }
    let app = opened(site).await?;
    if what.preview {
        let mut all = app.outbox(Some(compose::now())).await?;
        all.retain(|of| of.state == "waiting");
        all.sort_by(|a, b| (a.due, &a.batch).cmp(&(b.due, &b.batch)));
        return show(&all, &local_clock(&app.store).await?, out);
    }
    if let Some(batch) = &what.again {
        match app.send_again(batch.as_deref(), compose::now()).await? {
            0 => {
                return Err(Failure::Other(
                    "nothing of that was given up: `kepi deliver --state dead`".to_owned(),
                ));
            }
            n => out.remark(&format!("{} once more", messages(n))),
        }
    }
    let carrier = Connections::new(&app.root);
    said(app.deliver(&carrier, &compose::now).await?, out)
}

fn messages(n: u64) -> String {
    format!("{n} {}", if n == 1 { "message" } else { "messages" })
}

fn said(of: Delivered, out: Output) -> Result<(), Failure> {
    if out.format == Format::Json {
        return Ok(out.json(&of)?);
    }
    let all = [
        (of.sent, "left"),
        (of.later, "to be tried again"),
        (of.dead, "given up"),
        (of.over, "no longer true"),
    ];
    let mut parts: Vec<String> = Vec::new();
    for (n, what) in all.into_iter().filter(|(n, _)| *n > 0) {
        parts.push(format!("{} {what}", messages(n)));
    }
    out.remark(&if parts.is_empty() { "nothing is to leave".to_owned() } else { parts.join(", ") });
    match of.dead {
        0 => Ok(()),
        _ => Err(Failure::Findings),
    }
}

/// Messages, a line each; as a table with what they say.
fn show(all: &[MessageView], clock: &Clock, out: Output) -> Result<(), Failure> {
    if out.format == Format::Json {
        return Ok(out.json(&all)?);
    }
    if all.is_empty() {
        out.remark("no messages");
    }
    let mut grid = Grid::new(&["Id", "Channel", "To", "State", "Not before", "Tried", "What", "Why not"]);
    for of in all {
        let tried = Field::digits(of.attempts.to_string(), of.attempts.to_string());
        let to = of.to.clone().unwrap_or_default();
        let cells = [of.batch.clone(), of.channel.clone(), to, of.state.clone(), clock.instant(of.due)];
        let mut row: Vec<Field> = cells.into_iter().map(Field::text).collect();
        row.push(tried);
        row.push(Field::text(of.message.text().replace('\n', "; ")));
        row.push(Field::text(of.why.clone().unwrap_or_default()));
        grid.push(row);
    }
    out.rows(&grid)?;
    Ok(())
}

/// Sends what is due, again and again. It opens the project to write once something is to leave somewhere.
pub async fn while_serving(open: impl AsyncFn() -> Result<Option<Arc<App>>, Failure>) {
    let mut opened: Option<Arc<App>> = None;
    loop {
        tokio::time::sleep(PAUSE).await;
        if opened.as_ref().is_none_or(|app| app.store.is_replaced()) {
            opened = match open().await {
                Ok(app) => app,
                Err(failure) => {
                    tracing::error!(failure = failure.in_words(), "nothing can be delivered");
                    None
                }
            };
        }
        let Some(app) = &opened else { continue };
        let carrier = Connections::new(&app.root);
        match app.deliver(&carrier, &compose::now).await {
            Ok(Delivered { dead: 0, .. }) => {}
            Ok(of) => tracing::error!(dead = of.dead, "messages were given up: `kepi deliver --state dead`"),
            Err(error) => {
                tracing::error!(failure = Failure::from(error).in_words(), "messages could not be delivered");
            }
        }
    }
}
