//! `kepi people --import`: a list of personnel, as CSV or as SCIM, becomes the definitions of persons in one file.
//!
//! The list is the authority for who is there, names, addresses, roles and lines. What it does not say of a person (a substitute, absences)
//! stays as it stands in the file. What comes of it is proposed and decided as any other change of the folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Component,
};

use kepi_app::project_files;
use kepi_model::{
    documents::{DocumentText, documents},
    id::is_name,
    source_text::SourceMap,
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    cli::{Format, People},
    compose::{self, Site},
    failure::Failure,
    output::Output,
};

/// A person of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Listed {
    id: String,
    /// What the list itself knows a person by, such as a number of staff.
    number: Option<String>,
    name: String,
    role: Option<String>,
    email: Option<String>,
    /// By id, name or address, as the list has it.
    reports_to: Option<String>,
    dotted_to: Option<String>,
    /// Whether the list says that who was there has left.
    left: bool,
}

/// What came of an import.
#[derive(Debug, Default, Serialize)]
struct Imported {
    /// The file that was written.
    file: String,
    new: Vec<String>,
    changed: Vec<String>,
    gone: Vec<String>,
    /// What could not be taken in as it is, each with what to do.
    remarks: Vec<String>,
}

/// Writes the persons of a list into a file of the folder.
pub fn import(what: &People, site: Site<'_>, out: Output) -> Result<(), Failure> {
    let Some(list) = &what.import else { return Ok(()) };
    let text = fs::read_to_string(list)
        .map_err(|e| Failure::Other(format!("{} cannot be read: {e}", list.display())))?;
    let is_json = text.trim_start().starts_with(['{', '[']);
    let listed = if is_json { scim(&text) } else { csv(&text) }.map_err(Failure::Other)?;
    let is_below = what.into.components().all(|part| matches!(part, Component::Normal(_)));
    if !is_below || what.into.extension().is_none_or(|of| of != "yml" && of != "yaml") {
        let why = format!(
            "{} is no file of definitions in the folder: name one such as `people/personnel.yml`",
            what.into.display()
        );
        return Err(Failure::Other(why));
    }
    let into = site.folder.join(&what.into);
    let files = match project_files::read(site.folder) {
        Ok(files) => files,
        Err(project_files::ReadError::NoDefinitions(_)) => SourceMap::new(Vec::new()),
        Err(other) => return Err(Failure::Other(other.to_string())),
    };
    let all = documents(&files);
    let own = what.into.to_string_lossy().replace('\\', "/");
    // The file is written anew, so what else stands in it would be gone; so would what could not be read.
    let there = fs::read_to_string(&into).unwrap_or_default();
    let other = all.iter().find(|of| of.path == own && of.kind != "person");
    let is_unknown = !there.trim().is_empty() && !all.iter().any(|of| of.path == own);
    if other.is_some() || is_unknown {
        let what = other.map_or("what is no document".to_owned(), |of| format!("`{}/{}`", of.kind, of.name));
        let why = format!(
            "{own} holds {what} beside persons and would be written anew; name a file of its own, such as `people/personnel.yml`"
        );
        return Err(Failure::Other(why));
    }
    let (before, elsewhere): (Vec<&DocumentText>, Vec<&DocumentText>) =
        all.iter().filter(|of| of.kind == "person").partition(|of| of.path == own);
    let listed = told_apart(listed, &before).map_err(Failure::Other)?;
    if listed.iter().all(|of| of.left) {
        let gone = before.iter().map(|of| of.name.as_str()).collect::<Vec<_>>().join(", ");
        let gone = if gone.is_empty() { String::new() } else { format!(", and {gone} stay in {own}") };
        let why = format!(
            "nobody is there by {}: nothing was written{gone}; if that is meant, delete the file yourself",
            list.display()
        );
        return Err(Failure::Other(why));
    }
    let (text, imported) = written(listed, &before, &elsewhere, &own);
    if let Some(folder) = into.parent() {
        fs::create_dir_all(folder)
            .map_err(|e| Failure::Other(format!("{} cannot be made: {e}", folder.display())))?;
    }
    fs::write(&into, text)
        .map_err(|e| Failure::Other(format!("{} cannot be written: {e}", into.display())))?;
    imported.remarks.iter().for_each(|remark| out.remark(remark));
    if out.format == Format::Json {
        return Ok(out.json(&imported)?);
    }
    let names = |what: &str, all: &[String]| match all {
        [] => format!("{what}: nobody"),
        all => format!("{what}: {}", all.join(", ")),
    };
    for line in
        [names("new", &imported.new), names("changed", &imported.changed), names("gone", &imported.gone)]
    {
        out.line(&line)?;
    }
    Ok(out.line(&format!("written to {own}; `kepi plan` says what comes of it"))?)
}

/// Gives people whose names in definitions would be the same such as tell them apart: by their whole address, else by what the list knows
/// them by. Who stands in the file by the short name, with that address, keeps it.
fn told_apart(mut listed: Vec<Listed>, before: &[&DocumentText]) -> Result<Vec<Listed>, String> {
    let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, of) in listed.iter().enumerate() {
        by_id.entry(of.id.clone()).or_default().push(at);
    }
    for (id, all) in by_id {
        let who = |at: &usize| {
            listed
                .get(*at)
                .map(|of| (of.number.clone(), of.email.clone(), of.name.clone()))
                .unwrap_or_default()
        };
        if all.iter().map(who).collect::<BTreeSet<_>>().len() < 2 {
            continue;
        }
        let was = before.iter().find(|was| was.name == id).map(|was| body(&was.text));
        for at in all {
            let Some(of) = listed.get_mut(at) else { continue };
            let own = of.email.as_ref().map(|email| format!("email: {}", quoted(email)));
            if own.is_some_and(|own| was.is_some_and(|was| was.lines().any(|line| line == own))) {
                continue;
            }
            let longer = match (&of.email, &of.number) {
                (Some(email), _) => name_of(&email.replace('@', "_")),
                (None, Some(number)) => name_of(&format!("{id}_{number}")),
                (None, None) => id.clone(),
            };
            if longer == id {
                let name = &of.name;
                return Err(format!(
                    "`{name}` and somebody else would both be `{id}`: give the list a column `id`, or addresses"
                ));
            }
            of.id = longer;
        }
    }
    Ok(listed)
}

/// The file that a list comes to.
fn written(
    listed: Vec<Listed>,
    before: &[&DocumentText],
    elsewhere: &[&DocumentText],
    file: &str,
) -> (String, Imported) {
    let mut imported = Imported { file: file.to_owned(), ..Imported::default() };
    let (left, listed): (Vec<Listed>, Vec<Listed>) = listed.into_iter().partition(|of| of.left);
    // Whom a line may mean by what it says: more than one where several people have the same name.
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for of in &listed {
        let known = [Some(&of.id), of.number.as_ref(), Some(&of.name), of.email.as_ref()];
        for known in known.into_iter().flatten() {
            ids.entry(known.to_lowercase()).or_default().insert(of.id.clone());
        }
    }
    for of in elsewhere {
        ids.entry(of.name.clone()).or_insert_with(|| BTreeSet::from([of.name.clone()]));
    }
    for of in left {
        let address = of.email.as_ref().map(|email| format!("email: {}", quoted(email)));
        let is = |other: &&&DocumentText| {
            other.name == of.id
                || address.as_ref().is_some_and(|own| body(&other.text).lines().any(|line| line == own))
        };
        if let Some(other) = elsewhere.iter().find(is) {
            imported.remarks.push(format!(
                "`{}` has left by the list and stands in {}: take the person out there, or let `away` say until when",
                other.name, other.path
            ));
        }
    }
    let mut parts = Vec::new();
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    for of in &listed {
        if seen.insert(of.id.clone(), ()).is_some() {
            imported.remarks.push(format!("`{}` stands in the list twice: the first one is taken", of.id));
            continue;
        }
        if let Some(other) = elsewhere.iter().find(|other| other.name == of.id) {
            imported.remarks.push(format!(
                "`{}` stands in {}, too, and is left there: remove one of them, so that there is one authority",
                of.id, other.path
            ));
            continue;
        }
        let mut line = |key: &str, to: &Option<String>| {
            let to = to.as_ref()?;
            let found = ids.get(&to.to_lowercase());
            let id = found.and_then(|all| all.first().filter(|_| all.len() == 1));
            if id.is_none() {
                let why = match found {
                    Some(all) => {
                        let all = all.iter().map(String::as_str).collect::<Vec<_>>();
                        format!("which is said of {}: name one by number or address", all.join(" and "))
                    }
                    None => "who is not in the list".to_owned(),
                };
                imported.remarks.push(format!("`{}` has the line `{key}` to `{to}`, {why}", of.id));
            }
            id.map(|id| format!("{key}: {id}\n"))
        };
        let lines = [line("reports_to", &of.reports_to), line("dotted_to", &of.dotted_to)];
        let mut text = format!("person: {}\nname: {}\n", of.id, quoted(&of.name));
        for (key, value) in [("role", &of.role), ("email", &of.email)] {
            text.extend(value.iter().map(|value| format!("{key}: {}\n", quoted(value))));
        }
        text.extend(lines.into_iter().flatten());
        let was = before.iter().find(|was| was.name == of.id);
        text.push_str(&was.map_or(String::new(), |was| kept(&was.text)));
        match was {
            None => imported.new.push(of.id.clone()),
            Some(was) if body(&was.text) != text.trim() => imported.changed.push(of.id.clone()),
            Some(_) => {}
        }
        parts.push(text);
    }
    let gone = before.iter().filter(|was| !seen.contains_key(&was.name));
    imported.gone = gone.map(|was| was.name.clone()).collect();
    (parts.join("---\n"), imported)
}

/// A document without the line that begins it.
fn body(text: &str) -> &str {
    text.trim().trim_start_matches("---").trim()
}

/// What a list does not say of a person, as it stands.
fn kept(text: &str) -> String {
    let mut kept = String::new();
    let mut keeps = false;
    for line in body(text).lines() {
        if !line.starts_with([' ', '-', '#']) && !line.is_empty() {
            keeps = line.starts_with("substitute:") || line.starts_with("away:");
        }
        if keeps {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// A text as YAML has it whatever stands in it.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty()
        && text.chars().all(|c| c.is_alphanumeric() || " .@_-+".contains(c))
        && text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ');
    // What JSON writes between quotes YAML reads the same.
    if plain { text.to_owned() } else { Value::from(text).to_string() }
}

/// A name in definitions for what a list calls somebody.
fn name_of(text: &str) -> String {
    let text = text.split('@').next().unwrap_or(text).to_lowercase();
    let spelled: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let name = spelled.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("p{name}") } else { name }
}

/// Columns of a list and what they may be called.
const COLUMNS: [(&str, &[&str]); 7] = [
    ("id", &["id", "employee_id", "person", "username", "user_name"]),
    ("name", &["name", "full_name", "display_name", "displayname"]),
    ("role", &["role", "title", "job_title", "position"]),
    ("email", &["email", "mail", "e_mail", "work_email"]),
    ("reports_to", &["reports_to", "manager_id", "manager", "supervisor", "line_manager"]),
    ("dotted_to", &["dotted_to", "dotted_line", "matrix_manager", "second_manager"]),
    ("left", &["left", "leaves", "termination_date", "end_date", "terminated"]),
];

fn csv(text: &str) -> Result<Vec<Listed>, String> {
    let mut rows = rows(text).into_iter();
    let header: Vec<String> =
        rows.next().ok_or("the list is empty")?.iter().map(|cell| name_of(cell)).collect();
    // Of several columns that say the same, the first that says anything of a person counts.
    let places = |column: &str| {
        let words = COLUMNS.iter().find(|(of, _)| *of == column).map_or(&[][..], |(_, words)| *words);
        let found = words.iter().filter_map(|word| header.iter().position(|cell| cell == word));
        found.collect::<Vec<_>>()
    };
    if places("name").is_empty() {
        return Err(format!(
            "no column `name` among: {}; its first line names the columns",
            header.join(", ")
        ));
    }
    let today = compose::today();
    let mut all = Vec::new();
    for (at, row) in rows.enumerate() {
        let cell = |column: &str| {
            let mut cells = places(column).into_iter().filter_map(|at| row.get(at));
            cells.find(|cell| !cell.trim().is_empty()).map(|cell| cell.trim().to_owned())
        };
        let Some(name) = cell("name") else { continue };
        // Whoever leaves later is there until then.
        let left = match cell("left") {
            None => false,
            Some(left) => match (left.parse::<jiff::civil::Date>(), left.to_lowercase().as_str()) {
                (Ok(day), _) => day <= today,
                (Err(_), "yes" | "true" | "1") => true,
                (Err(_), "no" | "false" | "0") => false,
                (Err(_), _) => return Err(format!("line {}: `{left}` is no day such as 2026-07-31", at + 2)),
            },
        };
        let number = cell("id");
        let id = number.clone().filter(|id| is_name(id));
        let spelled = name_of(cell("email").as_ref().unwrap_or(&name));
        let id = id.unwrap_or(spelled);
        if !is_name(&id) {
            return Err(format!(
                "line {}: `{name}` has no name in definitions: give the list a column `id`",
                at + 2
            ));
        }
        let (role, email) = (cell("role"), cell("email"));
        let (reports_to, dotted_to) = (cell("reports_to"), cell("dotted_to"));
        all.push(Listed { id, number, name, role, email, reports_to, dotted_to, left });
    }
    Ok(all)
}

/// The rows of a text of cells, as RFC 4180 has them; cells are apart by commas, or by semicolons where the first line has no comma.
fn rows(text: &str) -> Vec<Vec<String>> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let apart = if first.contains(',') { ',' } else { ';' };
    let (mut rows, mut row, mut cell, mut within) = (Vec::new(), Vec::new(), String::new(), false);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '"' if within && signs.peek() == Some(&'"') => {
                cell.push('"');
                signs.next();
            }
            '"' => within = !within,
            '\r' if !within => {}
            '\n' if !within => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            sign if sign == apart && !within => row.push(std::mem::take(&mut cell)),
            sign => cell.push(sign),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|cell| !cell.trim().is_empty()));
    rows
}

/// Users of SCIM (RFC 7643), as a list (`Resources`) or as an array.
fn scim(text: &str) -> Result<Vec<Listed>, String> {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let value: Value = serde_json::from_str(text).map_err(|e| format!("this is no JSON: {e}"))?;
    let users = value
        .get("Resources")
        .unwrap_or(&value)
        .as_array()
        .ok_or("there is no list of users, `Resources`")?;
    let text = |of: &Value| of.as_str().map(str::to_owned).filter(|text| !text.trim().is_empty());
    let mut all = Vec::new();
    for user in users {
        let left = user["active"] == Value::Bool(false);
        let emails = user["emails"].as_array().into_iter().flatten();
        let email = emails.clone().find(|of| of["primary"] == true).or_else(|| emails.clone().next());
        let email = email.and_then(|of| text(&of["value"]));
        let login = text(&user["userName"]).or_else(|| email.clone());
        let named = |part: &str| user.get("name").and_then(|name| text(name.get(part)?));
        let formatted = text(&user["displayName"]).or_else(|| named("formatted"));
        let parts = [named("givenName"), named("familyName")];
        let parts = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let name =
            formatted.or_else(|| Some(parts).filter(|name| !name.is_empty())).or_else(|| login.clone());
        let (Some(name), Some(login)) = (name, login) else {
            return Err("a user has neither `userName` nor an address".to_owned());
        };
        let id = name_of(&login);
        if !is_name(&id) {
            return Err(format!("`{login}` has no name in definitions"));
        }
        let number = text(&user["id"]);
        let manager = |part: &str| {
            user.get(ENTERPRISE).and_then(|of| of.get("manager")).and_then(|manager| text(manager.get(part)?))
        };
        let reports_to = manager("value").or_else(|| manager("displayName"));
        let role = text(&user["title"]);
        all.push(Listed { id, number, name, role, email, reports_to, dotted_to: None, left });
    }
    Ok(all)
}
