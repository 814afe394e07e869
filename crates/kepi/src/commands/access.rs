//! `kepi access`: who signs in, and which tokens act for whom.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Read},
    sync::Arc,
};

use jiff::Timestamp;
use kepi_access::{
    Access as Doors,
    policy::{Action, Bound, DEFAULT, Policies, Roles, SCHEMA},
};
use kepi_govern::{Grant, Permit, access::OWNER};
use kepi_model::project::Project;
use kepi_store::Store;
use serde::Serialize;

use crate::{
    cli::{
        Cli, Format,
        access::{Access, AccessAdd, AccessChange, AccessPolicy, Token, TokenCreate},
    },
    compose::{self, Site},
    failure::Failure,
    guard::{self, ADMINISTER, RUN},
    output::{Field, Grid, Output},
    policies,
};

const DAY: i64 = 24 * 3600 * 1_000_000;

/// Somebody who signs in, as printed.
#[derive(Serialize)]
struct Person {
    name: String,
    roles: Vec<String>,
    /// Held by seats of the directory today.
    by_seat: Vec<String>,
    password: bool,
}

/// A token, as printed.
#[derive(Serialize)]
struct Listed {
    token: u64,
    name: String,
    scopes: Vec<String>,
    until: String,
    state: &'static str,
}

/// Does what is asked.
pub async fn access(what: &Access, cli: &Cli, out: Output) -> Result<(), Failure> {
    if let Access::Policy(which) = what {
        return policy(which, cli, out).await;
    }
    let store = compose::store(Site::of(cli)).await?;
    let permit = permit(&store, cli).await?;
    let doors = Doors::new(store);
    match what {
        Access::Add(which) => add(which, &doors, &permit, (cli, out)).await,
        Access::Change(which) => change(which, &doors, &permit, (cli, out)).await,
        Access::Remove(who) => {
            doors.end(&permit, &who.name, compose::now()).await?;
            out.remark(&format!("{} signs in no longer; sessions and tokens have ended", who.name));
            Ok(())
        }
        Access::Policy(which) => policy(which, cli, out).await,
        Access::List => list(&doors, cli, out).await,
        Access::Token(Token::Create(which)) => create(which, &doors, &permit, out).await,
        Access::Token(Token::List) => tokens(&doors, out).await,
        Access::Token(Token::Revoke(which)) => {
            doors.revoke(&permit, which.token, compose::now()).await?;
            out.remark(&format!("token {} is revoked", which.token));
            Ok(())
        }
    }
}

/// Whoever can write to the files of the project is its owner: nothing here can stop them.
async fn permit(store: &Store, cli: &Cli) -> Result<Permit, Failure> {
    let by = store.person(&compose::actor(cli)).await.map_err(kepi_app::AppError::from)?;
    Ok(Permit::open(by))
}

/// Refuses roles that no policy names, and units that are none of those in force: whoever is let in for one would see nothing, and nobody
/// would know why.
async fn are_known(roles: &BTreeSet<Grant>, cli: &Cli) -> Result<(), Failure> {
    let project = in_force(cli).await?;
    let files = policies::of(&compose::root(&cli.project)?, project.as_ref())?;
    // Policies that cannot be read hold for nobody, and whoever reads them says so.
    let named = Policies::of(&files).map(|policies| Roles::of(&policies));
    if let Some(why) = named.and_then(|named| named.unknown(roles)) {
        return Err(Failure::Other(why));
    }
    let named = roles.iter().filter_map(|grant| grant.unit.as_ref());
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return Ok(());
    }
    // Before anything is in force there are no units to hold them against.
    let Some(project) = project else { return Ok(()) };
    match named.into_iter().find(|unit| !project.units.contains_key(*unit)) {
        None => Ok(()),
        Some(unit) => {
            let known: Vec<&str> = project.units.keys().map(|unit| unit.as_str()).collect();
            Err(Failure::Other(format!("there is no unit `{unit}`; those in force are {}", known.join(", "))))
        }
    }
}

async fn add(
    which: &AccessAdd,
    doors: &Doors,
    permit: &Permit,
    (cli, out): (&Cli, Output),
) -> Result<(), Failure> {
    let all = doors.sign_ins().await?;
    if all.iter().any(|(name, _)| *name == which.name) {
        let why =
            format!("{} signs in already; change it with `kepi access change {}`", which.name, which.name);
        return Err(Failure::Other(why));
    }
    let mut roles: BTreeSet<Grant> = which.role.iter().cloned().collect();
    if roles.is_empty() {
        let role = if all.is_empty() { OWNER } else { "viewer" };
        roles.extend(role.parse::<Grant>().ok());
    }
    are_known(&roles, cli).await?;
    let password = if which.no_password { None } else { Some(password(&which.name)?) };
    let said = words(&roles);
    doors.bind(permit, &which.name, roles.clone(), password.as_deref(), compose::now()).await?;
    out.remark(&format!("{} signs in as {said}", which.name));
    warned(&which.name, roles, cli, out).await?;
    if all.is_empty() {
        out.remark("`kepi serve` shows nothing from now on to anybody who is not known");
    }
    Ok(())
}

async fn change(
    which: &AccessChange,
    doors: &Doors,
    permit: &Permit,
    (cli, out): (&Cli, Output),
) -> Result<(), Failure> {
    let all = doors.sign_ins().await?;
    let Some((_, held)) = all.into_iter().find(|(name, _)| *name == which.name) else {
        return Err(kepi_access::AccessError::Nobody(which.name.clone()).into());
    };
    let roles = if which.role.is_empty() { held.roles } else { which.role.iter().cloned().collect() };
    are_known(&roles, cli).await?;
    let password = if which.password { Some(password(&which.name)?) } else { None };
    let said = words(&roles);
    doors.bind(permit, &which.name, roles.clone(), password.as_deref(), compose::now()).await?;
    out.remark(&format!("{} signs in as {said}", which.name));
    warned(&which.name, roles, cli, out).await?;
    Ok(())
}

/// Says that somebody decides nothing by these roles to whom items may go: a person of the project.
async fn warned(name: &str, roles: BTreeSet<Grant>, cli: &Cli, out: Output) -> Result<(), Failure> {
    let Some(app) = compose::reading(Site::of(cli)).await? else { return Ok(()) };
    let Ok(project) = app.in_force().await else { return Ok(()) };
    if !name.parse().is_ok_and(|id| project.persons.contains_key(&id)) {
        return Ok(());
    }
    if let Some(why) = guard::decides_nothing(cli, name, roles).await? {
        out.remark(&format!(
            "warning: `{name}` is a person of this project, so alerts, cases and proposals may wait for her, and she can answer none of them: \
             {why}; `kepi access change {name} --role decider` lets her"
        ));
    }
    Ok(())
}

/// The password of somebody who is to prove to be that person.
pub fn own_password(name: &str) -> Result<String, Failure> {
    let failed = |e| Failure::Io { what: "the password could not be read".to_owned(), source: e };
    match io::stdin().is_terminal() {
        true => rpassword::prompt_password(format!("Password of {name}: ")).map_err(failed),
        false => password(name),
    }
}

/// A new password: typed twice on a terminal, else the first line of stdin. It stands on no command line, where others
/// could read it.
fn password(name: &str) -> Result<String, Failure> {
    let failed = |e| Failure::Io { what: "the password could not be read".to_owned(), source: e };
    if !io::stdin().is_terminal() {
        let mut text = String::new();
        io::stdin().take(4096).read_to_string(&mut text).map_err(failed)?;
        return Ok(text.lines().next().unwrap_or_default().to_owned());
    }
    let first = rpassword::prompt_password(format!("Password for {name}: ")).map_err(failed)?;
    let second = rpassword::prompt_password("Once more: ").map_err(failed)?;
    if first == second {
        Ok(first)
    } else {
        Err(Failure::Other("the two are not the same; try again".to_owned()))
    }
}

fn texts(grants: &BTreeSet<Grant>) -> Vec<String> {
    grants.iter().map(ToString::to_string).collect()
}

fn words(grants: &BTreeSet<Grant>) -> String {
    texts(grants).join(", ")
}

/// The definitions in force; none: nothing is.
async fn in_force(cli: &Cli) -> Result<Option<Project>, Failure> {
    let Some(app) = compose::reading(Site::of(cli)).await? else { return Ok(None) };
    Ok(app.in_force().await.ok())
}

/// What seats of the definitions in force give.
async fn seats(cli: &Cli) -> Result<Option<Bound>, Failure> {
    let project = in_force(cli).await?.map(Arc::new);
    Ok(project.map(|project| Bound::new(Policies::built_in(), project, compose::today())))
}

async fn list(doors: &Doors, cli: &Cli, out: Output) -> Result<(), Failure> {
    let all = doors.sign_ins().await?;
    let seats = seats(cli).await?;
    let persons = all.into_iter().map(|(name, held)| Person {
        roles: texts(&held.roles),
        by_seat: seats.as_ref().map(|bound| texts(&bound.seats_of(&name))).unwrap_or_default(),
        name,
        password: held.credential.is_some(),
    });
    let persons: Vec<Person> = persons.collect();
    if out.format == Format::Json {
        return Ok(out.json(&persons)?);
    }
    if persons.is_empty() {
        out.remark("nobody signs in: who can reach this machine's own address sees everything; `kepi access add NAME`");
    }
    let mut grid = Grid::new(&["Name", "Roles", "Password"]);
    for person in persons {
        let password = if person.password { "yes" } else { "no" };
        let by_seat = person.by_seat.iter().map(|role| format!("{role} (seat)"));
        let roles: Vec<String> = person.roles.iter().cloned().chain(by_seat).collect();
        grid.push([person.name, roles.join(", "), password.to_owned()].map(Field::text).into());
    }
    Ok(out.rows(&grid)?)
}

async fn create(which: &TokenCreate, doors: &Doors, permit: &Permit, out: Output) -> Result<(), Failure> {
    let now = compose::now();
    known(&which.scope)?;
    let scopes = which.scope.iter().cloned().collect();
    let until = now + i64::from(which.days) * DAY;
    let token = doors.issue(permit, &which.name, scopes, until, now).await?;
    out.remark("this is shown once; keep it where secrets are kept, and send it as `Authorization: Bearer`");
    match out.format {
        Format::Json => Ok(out.json(&serde_json::json!({ "token": token, "until": day(until) }))?),
        Format::Csv | Format::Table => Ok(out.line(&token)?),
    }
}

/// Prints policies, or what they can speak of.
async fn policy(which: &AccessPolicy, cli: &Cli, out: Output) -> Result<(), Failure> {
    if which.schema {
        return Ok(out.line(SCHEMA.trim_end())?);
    }
    let own = match which.built_in {
        true => Vec::new(),
        false => policies::of(&compose::root(&cli.project)?, in_force(cli).await?.as_ref())?,
    };
    if own.is_empty() {
        return Ok(out.line(DEFAULT.trim_end())?);
    }
    for file in own {
        out.line(&format!("// {}\n{}", file.path, file.text.trim_end()))?;
    }
    Ok(())
}

/// Actions that a token can be for.
fn known(scopes: &[Grant]) -> Result<(), Failure> {
    let seen = std::iter::once(Action::SEE).chain(Action::ALL.map(Action::word));
    let words: Vec<&str> = seen.chain([RUN, ADMINISTER]).collect();
    match scopes.iter().find(|scope| !words.contains(&scope.name.as_str())) {
        Some(wrong) => {
            let why = format!("there is no action `{}`; there are {}", wrong.name, words.join(", "));
            Err(Failure::Other(why))
        }
        None => Ok(()),
    }
}

/// A time as a text, to the second.
fn day(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |t| format!("{t:.0}"))
}

async fn tokens(doors: &Doors, out: Output) -> Result<(), Failure> {
    let now = compose::now();
    let tokens = doors.tokens().await?.into_iter().map(|(name, token)| Listed {
        token: token.token,
        name,
        scopes: texts(&token.scopes),
        until: day(token.until),
        state: match token.revoked {
            true => "revoked",
            false if now >= token.until => "over",
            false => "in use",
        },
    });
    let tokens: Vec<Listed> = tokens.collect();
    if out.format == Format::Json {
        return Ok(out.json(&tokens)?);
    }
    let mut grid = Grid::new(&["Token", "For", "Scopes", "Until", "State"]);
    for token in tokens {
        let cells = [
            token.token.to_string(),
            token.name,
            token.scopes.join(", "),
            token.until,
            token.state.to_owned(),
        ];
        grid.push(cells.map(Field::text).into());
    }
    Ok(out.rows(&grid)?)
}
