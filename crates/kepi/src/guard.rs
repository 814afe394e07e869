//! In whose name a command acts. While nobody signs in, whoever is at this machine says so, as with the name of a user. From the first
//! sign-in on a token says it, and for what: no other name is believed.
//!
//! It keeps names in the log true and commands within what their tokens are for. Whoever can write the database itself needs no command: what keeps
//! that to be seen is the signed log.

use std::sync::Arc;

use kepi_access::{
    Access,
    policy::{Bound, Holder, RUNNER, Sight},
};
use kepi_app::{
    acting::{Disputed, no_figure},
    named,
};
use kepi_govern::{Grant, access::OWNER};
use kepi_model::{id::UnitId, project::Project};
use kepi_query::{state::Member, value::Segment};

use crate::{
    cli::{self, Audit, Cli, Command},
    commands,
    compose::{self, Site},
    failure::Failure,
    policies,
};

/// What a token has to be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needed {
    /// To propose, decide, act on items, enter figures: what policies call `decide`.
    Decide,
    /// To land, compute and publish, to let time pass, to send messages.
    Run,
    /// To say who comes in.
    Administer,
}

/// The scope of a token by which data land and figures are published; the person is an owner, or has the role `runner`.
pub const RUN: &str = "run";
/// The scope of a token by which it is said who comes in; the person is an owner.
pub const ADMINISTER: &str = "administer";
/// What a command needs; none: it acts in nobody's name.
fn needed(command: &Command) -> Option<Needed> {
    match command {
        Command::Item(what) => what.deed.as_ref().map(|_| Needed::Decide),
        Command::Override(cli::Override::List)
        | Command::Silence(cli::Silence::List)
        | Command::Alert(cli::Alert::List)
        | Command::Feedback(cli::Feedback::Search { .. })
        | Command::Correct(cli::Correct::List { .. } | cli::Correct::Export { .. })
        | Command::Screen(cli::Screen::List(_)) => None,
        Command::Alert(cli::Alert::Tune(of)) => of.propose.then_some(Needed::Decide),
        Command::Retire(of) => of.propose.then_some(Needed::Decide),
        Command::Review(what) => {
            matches!(what, cli::Review::Decide(_) | cli::Review::Attend(_)).then_some(Needed::Decide)
        }
        Command::Propose(_)
        | Command::Approve(_)
        | Command::Reject(_)
        | Command::Abstain(_)
        | Command::Withdraw(_)
        | Command::Freeze(_)
        | Command::Lift(_)
        | Command::Close(_)
        | Command::Comment(_)
        | Command::Dispute(_)
        | Command::Feedback(_)
        | Command::Enter(_)
        | Command::Override(_)
        | Command::Silence(_)
        | Command::Correct(_)
        | Command::Screen(_) => Some(Needed::Decide),
        Command::Run(_) | Command::Tick | Command::Deliver(_) | Command::Audit(Audit::Rebuild) => {
            Some(Needed::Run)
        }
        Command::Audit(Audit::Rotate(_)) => Some(Needed::Administer),
        Command::Access(what) => what.acts().then_some(Needed::Administer),
        Command::Erase(what) => what.certificate.is_none().then_some(Needed::Administer),
        // These read, or do something to the folder or the machine alone. All are named, so that a new command is asked about.
        Command::Init(_)
        | Command::Check(_)
        | Command::Plan(_)
        | Command::Register(_)
        | Command::Pull(_)
        | Command::Inbox(_)
        | Command::People(_)
        | Command::Periods(_)
        | Command::Show(_)
        | Command::Gate { .. }
        | Command::Latency
        | Command::Budget(_)
        | Command::Matrix { .. }
        | Command::Priorities { .. }
        | Command::Initiatives { .. }
        | Command::Playbooks
        | Command::Sources { .. }
        | Command::Explain(_)
        | Command::WhatIf(_)
        | Command::Weigh(_)
        | Command::Analyse(_)
        | Command::Lineage(_)
        | Command::Trace(_)
        | Command::Sample(_)
        | Command::Reproduce(_)
        | Command::Audit(_)
        | Command::Serve(_)
        | Command::Demo(_)
        | Command::Scheduler(_)
        | Command::Worker(_)
        | Command::Schema(_)
        | Command::Bench(_)
        | Command::Evidence(_) => None,
    }
}

/// Says in whose name the command acts, or refuses it.
pub async fn named(cli: &mut Cli) -> Result<(), Failure> {
    let Some(needed) = needed(&cli.command) else { return read_by(cli).await };
    let Some(store) = compose::audited(Site::of(cli)).await? else { return Ok(()) };
    let access = Access::new(store);
    if access.is_empty().await? {
        return Ok(());
    }
    let name = match (token(cli)?, &cli.command) {
        (Some(token), _) => by_token(&access, token.trim(), needed, cli).await?,
        // Whoever proves to be somebody gets tokens for herself.
        (None, Command::Access(cli::Access::Token(cli::access::Token::Create(what)))) => {
            by_password(cli, &what.name).await?
        }
        (None, _) => {
            let why = "somebody signs in here, so a command acts by a token: `KEPI_TOKEN`, or `--token-file`; who has a password \
                       makes one with `kepi access token create NAME --scope …`";
            return Err(Failure::Other(why.to_owned()));
        }
    };
    if let Some(said) = cli.actor.as_ref().filter(|said| **said != name) {
        return Err(Failure::Other(format!("the token acts for `{name}`, and `--as` says `{said}`")));
    }
    cli.actor = Some(name);
    Ok(())
}

/// Whose inbox is read, where a token says who asks and nobody is named. A token that is given and is none is told of, whatever is read:
/// whoever gives one believes that it works.
async fn read_by(cli: &mut Cli) -> Result<(), Failure> {
    let Some(token) = token(cli)? else { return Ok(()) };
    let Some(store) = compose::audited(Site::of(cli)).await? else { return Ok(()) };
    let access = Access::new(store);
    // Where nobody signs in there are no tokens, and none is asked for.
    if access.is_empty().await? {
        return Ok(());
    }
    let Some(visitor) = access.by_token(token.trim(), compose::now()).await? else {
        return Err(Failure::Other(UNKNOWN.to_owned()));
    };
    if cli.actor.is_none() && matches!(cli.command, Command::Inbox(_)) {
        cli.actor = Some(visitor.name);
    }
    Ok(())
}

/// What is said of a token that opens nothing.
const UNKNOWN: &str = "the token is not known, is over or was revoked";

/// The token that is given, if one is. It stands on no command line, where others could read it.
fn token(cli: &Cli) -> Result<Option<String>, Failure> {
    if let Some(path) = &cli.token_file {
        let failed = Failure::io(format!("the token `{}` could not be read", path.display()));
        let token = std::fs::read_to_string(path).map_err(failed)?;
        if token.trim().is_empty() {
            return Err(Failure::Other(format!("the file `{}` holds no token", path.display())));
        }
        return Ok(Some(token));
    }
    Ok(std::env::var("KEPI_TOKEN").ok().filter(|token| !token.trim().is_empty()))
}

async fn by_token(access: &Access, token: &str, needed: Needed, cli: &Cli) -> Result<String, Failure> {
    let Some(visitor) = access.by_token(token, compose::now()).await? else {
        return Err(Failure::Other(UNKNOWN.to_owned()));
    };
    let scopes = visitor.token.map(|(_, scopes)| scopes).unwrap_or_default();
    let has = |all: &std::collections::BTreeSet<Grant>, name: &str| {
        all.iter().any(|grant| grant.name.as_str() == name && grant.unit.is_none())
    };
    let name = visitor.name;
    let (scope, may) = match needed {
        Needed::Run => (RUN, has(&visitor.roles, OWNER) || has(&visitor.roles, RUNNER)),
        Needed::Administer => (ADMINISTER, has(&visitor.roles, OWNER)),
        Needed::Decide => {
            let holder = Holder { name: name.clone(), roles: visitor.roles, scopes: Some(scopes) };
            let why = decides(cli, holder).await?;
            return match why {
                None => Ok(name),
                Some(why) => Err(Failure::Other(format!("`{name}` decides nothing by this token: {why}"))),
            };
        }
    };
    if !has(&scopes, scope) {
        return Err(Failure::Other(format!("the token is not for that: it needs the scope `{scope}`")));
    }
    match may {
        true => Ok(name),
        false => Err(Failure::Other(format!(
            "`{name}` may not do that: it takes the role `{OWNER}`{}",
            if needed == Needed::Run { format!(" or `{RUNNER}`") } else { String::new() }
        ))),
    }
}

/// Why somebody who is here decides nothing by these roles; none: she does.
pub async fn decides_nothing(
    cli: &Cli,
    name: &str,
    roles: std::collections::BTreeSet<Grant>,
) -> Result<Option<String>, Failure> {
    let why = decides(cli, Holder { name: name.to_owned(), roles, scopes: None }).await?;
    // It is said to somebody else.
    Ok(why.map(|why| why.replacen(" to you ", " to her ", 1)))
}

/// Why the policies let somebody decide nothing; none: they do.
async fn decides(cli: &Cli, holder: Holder) -> Result<Option<String>, Failure> {
    let root = compose::root(&cli.project)?;
    // Policies are held against the definitions in force, as a server does; a folder that is being worked on may be anything.
    let project = match compose::reading(Site::of(cli)).await? {
        Some(app) => app.in_force().await?,
        None => return Err(commands::nothing_in_force()),
    };
    let policies = policies::right(&root, &project)?;
    let project = Arc::new(project);
    let bound = Arc::new(Bound::new(policies, Arc::clone(&project), compose::today()));
    // A token that is for deciding alone is used by somebody who sees what she sees.
    let person = Holder { name: holder.name.clone(), roles: holder.roles.clone(), scopes: None };
    let (sight, eyes) = (Sight::new(Arc::clone(&bound), holder), Sight::new(bound, person));
    if !sight.decides() {
        return Ok(Some(sight.why_not(kepi_access::policy::Action::Decide, None)));
    }
    let sees = |kpi: &str, unit: Option<&str>| {
        let unit = unit.map(str::parse).transpose();
        kpi.parse().is_ok_and(|kpi| unit.is_ok_and(|unit| eyes.kpi(&kpi, unit.as_ref())))
    };
    match &cli.command {
        // Nor is what a row says judged by who does not see it.
        Command::Screen(cli::Screen::Confirm(of) | cli::Screen::Dismiss(of))
            if !project
                .sources
                .values()
                .any(|from| from.into.as_str() == of.entity && eyes.rows(&from.id)) =>
        {
            Ok(Some(format!("it is about rows of `{}` that you do not see", of.entity)))
        }
        // Nor is it corrected.
        Command::Correct(
            cli::Correct::Row(cli::acting::CorrectRow {
                of: cli::acting::CorrectedRow { source, .. }, ..
            })
            | cli::Correct::TakeBack(cli::acting::CorrectedRow { source, .. })
            | cli::Correct::Rows(cli::acting::CorrectRows { source, .. }),
        ) if !source.parse().is_ok_and(|source| eyes.rows(&source)) => {
            Ok(Some(format!("it is about rows of `{source}` that you do not see")))
        }
        // What is not seen is not disputed, in the words in which nobody disputes what there is not.
        Command::Dispute(of) if !sees(&of.kpi, of.unit.as_deref()) => {
            let of = Disputed { kpi: &of.kpi, period: &of.period, unit: of.unit.as_deref() };
            Err(no_figure(of).into())
        }
        // Nor is anything else said of it.
        Command::Feedback(cli::Feedback::Add(of)) if !sees(&of.kpi, of.unit.as_deref()) => {
            Err(named::no_such(&of.kpi, of.unit.as_deref()).into())
        }
        Command::Comment(of) if !sees(&of.kpi, of.unit.as_deref()) => {
            Err(named::no_such(&of.kpi, of.unit.as_deref()).into())
        }
        Command::Enter(of)
            if !sees(&of.kpi, None)
                && !named::units_of(&project, &of.part).any(|unit| sees(&of.kpi, Some(unit.as_str()))) =>
        {
            Err(named::no_such(&of.kpi, Some(&of.part)).into())
        }
        Command::Override(cli::Override::Set(of))
            if !sees(&of.kpi, None)
                && !units_in(&project, &of.segment).iter().any(|unit| sees(&of.kpi, Some(unit.as_str()))) =>
        {
            Err(named::no_such(&of.kpi, Some(&of.segment)).into())
        }
        Command::Silence(cli::Silence::Set(of))
            if of.kpi.as_ref().is_some_and(|kpi| !sees(kpi, of.unit.as_deref())) =>
        {
            Ok(Some("it is about figures that you do not see".to_owned()))
        }
        _ => Ok(None),
    }
}

/// The units whose rows a segment has, as it is written.
fn units_in<'a>(project: &'a Project, segment: &str) -> Vec<&'a UnitId> {
    let mut all = Vec::new();
    for (_, member) in segment.parse::<Segment>().unwrap_or_default().0 {
        if let Member::Value(member) = member {
            all.extend(named::units_of(project, &member));
        }
    }
    all
}

async fn by_password(cli: &Cli, name: &str) -> Result<String, Failure> {
    let access = Access::new(compose::store(Site::of(cli)).await?);
    let password = commands::own_password(name)?;
    let session = access.sign_in(name, &password, None, compose::now()).await?;
    access.sign_out(&session).await?;
    Ok(name.to_owned())
}
