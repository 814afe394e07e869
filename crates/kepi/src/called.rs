//! Who somebody is here whom a provider of sign-ins names.

use kepi_model::project::{Person, Project};
use kepi_oidc::By;

/// By which name somebody is let in here whom the provider calls so: as a person of the project, else as whoever is let in by just that
/// address, in capitals or not. What a provider calls people otherwise is in its own words, and could be the name of anybody here: such a word is believed of
/// persons alone who say that it is theirs.
pub fn called(by: By, said: &str, project: Option<&Project>, names: &[String]) -> Result<String, String> {
    let is = |person: &&Person| match by {
        By::Email => person.email.as_ref().is_some_and(|email| email.eq_ignore_ascii_case(said)),
        By::Subject => person.subject.as_deref() == Some(said),
    };
    let mut persons = project.into_iter().flat_map(|project| project.persons.values()).filter(is);
    match (persons.next(), persons.next()) {
        (Some(one), None) => Ok(one.id.to_string()),
        (Some(one), Some(other)) => Err(format!(
            "`{said}` is said of two persons of this project, `{}` and `{}`, so neither comes in by it",
            one.id, other.id
        )),
        (None, _) => match by {
            By::Email if said.contains('@') => {
                let mut own = names.iter().filter(|name| name.eq_ignore_ascii_case(said));
                match (own.next(), own.next()) {
                    (Some(one), None) => Ok(one.clone()),
                    (Some(one), Some(other)) => Err(format!(
                        "both `{one}` and `{other}` are let in here, so neither comes in by `{said}`"
                    )),
                    // Who is not let in is told so by that name.
                    (None, _) => Ok(said.to_ascii_lowercase()),
                }
            }
            By::Email => Err(format!("`{said}` is no address of e-mail")),
            By::Subject => Err(format!("no person of this project has `subject: {said}`")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_capitals_and_no_other_name_is_found_by_it() {
        let names = ["ana", "Eve@X.org", "bo@x.org", "BO@x.org"].map(str::to_owned);
        let found = |said: &str| called(By::Email, said, None, &names);
        assert_eq!(found("eve@x.org"), Ok("Eve@X.org".to_owned()));
        assert_eq!(found("EVE@x.org"), Ok("Eve@X.org".to_owned()));
        assert_eq!(found("Sue@x.org"), Ok("sue@x.org".to_owned()));
        assert!(found("bo@x.org").is_err_and(|why| why.contains("both `bo@x.org` and `BO@x.org`")));
        assert!(found("ana").is_err());
        // The sign of kelvin is no k.
        assert_eq!(
            called(By::Email, "\u{212a}@x.org", None, &["k@x.org".to_owned()]),
            Ok("\u{212a}@x.org".to_owned())
        );
        assert!(called(By::Subject, "ana", None, &names).is_err());
    }
}
