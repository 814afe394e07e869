//! Whom a survey asks next: the people and the invitations behind a plan, read as a run reads them.

use jiff::civil::Date;
use kepi_model::{project::Kpi, sampling::Sampling};
use kepi_query::{
    derive::following::{Asked as Rows, Followed, following},
    row::Cell,
    sampling::{Asked, Person},
};
use kepi_report::sampling::Behind;

use crate::{error::AppError, open::App, trace::traceable};

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct Sampled {
    /// What is planned.
    pub sampling: Sampling,
    /// The people and invitations.
    pub behind: Behind,
    /// Whether the keys of people are personal: they are told to nobody.
    pub is_personal: bool,
}

impl App {
    /// The people and invitations of a plan, as of the newest run.
    ///
    /// # Errors
    /// There is no such plan, nothing was run, or rows cannot be read.
    pub async fn sampled(&self, name: &str) -> Result<Sampled, AppError> {
        let runs = self.values.runs(None).await.map_err(AppError::Lake)?;
        let Some(newest) = runs.iter().max_by_key(|run| run.seq) else {
            return Err(AppError::NotFound(
                "nothing has been computed yet: `kepi run` lands the data".to_owned(),
            ));
        };
        let (run, project) = self.as_for(newest.number).await?;
        let sampling = name.parse().ok().and_then(|id| project.samplings.get(&id)).ok_or_else(|| {
            let known: Vec<String> = project.samplings.keys().map(|id| format!("`{id}`")).collect();
            AppError::NotFound(match known.is_empty() {
                true => "no sample is declared: `sampling: …` says whom a survey asks next".to_owned(),
                false => format!("there is no sampling `{name}`; there is {}", known.join(", ")),
            })
        })?;
        let inputs = self.lake.pin(&project, Some(run.pins.snapshot)).await.map_err(AppError::Lake)?;
        let of = traceable(self, &project, &inputs, &run);
        let kpi = |id| project.kpis.get(id).ok_or(AppError::Busy);
        let people = following(of, kpi(&sampling.people)?, &rows(sampling, false)).await?;
        let stratum = |row: &Followed| {
            let by = sampling.by.as_ref()?;
            row.members.iter().find(|(id, _)| id == by).map(|(_, member)| member.clone())
        };
        let people = people.into_iter().filter_map(|row| match row.key.as_slice() {
            [Cell::Text(key)] => Some(Person { key: key.clone(), stratum: stratum(&row) }),
            _ => None,
        });
        let invitations: &Kpi = kpi(&sampling.invitations)?;
        let (mut asked, mut of_nobody) = (Asked::new(), 0);
        for row in following(of, invitations, &rows(sampling, true)).await? {
            match row.answers_to {
                Some(Cell::Text(person)) => asked.entry(person).or_default().push(row.at),
                _ => of_nobody += 1,
            }
        }
        let entity = project.entities.get(&sampling.of);
        let is_personal = entity.is_none_or(|entity| {
            entity.key.iter().any(|part| entity.attribute(part).is_some_and(|attribute| attribute.personal))
        });
        let behind = Behind { people: people.collect(), asked, of_nobody };
        Ok(Sampled { behind, is_personal, sampling: sampling.clone() })
    }
}

/// All rows of people, or of invitations with whom they asked.
fn rows(of: &Sampling, invitations: bool) -> Rows<'_> {
    Rows {
        of: if invitations { &of.invitation } else { &of.of },
        when: None,
        also: None,
        answers_to: invitations.then_some(&of.person),
        worth: None,
        only_answers: false,
        later: false,
        // No row is older.
        since: Date::constant(1900, 1, 1),
        made: if invitations { &of.made } else { &[] },
    }
}
