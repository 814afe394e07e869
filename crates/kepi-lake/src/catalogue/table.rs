//! Tables: one an entity, made at its first landing, widened when the model gains attributes.

use kepi_govern::{Command, Evidence, Shape};
use kepi_model::{
    expression::{Physical, Type},
    project::Entity,
};
use kepi_query::port::system;
use kepi_store::{
    Asked, Effects, Reading, Receipt, Transaction,
    catalogue::{self as stored, Column, MAIN, NewColumn, Stamp},
    door::new_key,
};

use super::{Catalogue, DataFile, column_type, physical_of};
use crate::{
    door::{CalledOff, permit, plain},
    error::{LakeError, LandError},
};

/// The system columns, after the attributes.
const SYSTEM: [(&str, Physical); 7] = [
    (system::VALID_FROM, Physical::Instant),
    (system::VALID_TO, Physical::Instant),
    (system::RECORDED_AT, Physical::Instant),
    (system::SOURCE, Physical::Text),
    (system::FILE, Physical::Text),
    (system::ROW, Physical::Integer),
    (system::LOAD, Physical::Text),
];

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableColumn {
    /// Number, also the field id in Parquet.
    pub id: i64,
    /// Name.
    pub name: String,
    /// How it is stored.
    pub physical: Physical,
    /// Whether it holds personal data: then no statistics are kept of it.
    pub personal: bool,
}

/// A table as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Number.
    pub id: i64,
    /// Name: that of the entity.
    pub name: String,
    /// Columns in order.
    pub columns: Vec<TableColumn>,
}

/// What must not change of an attribute once rows of it are stored.
fn stored_type(type_: &Type) -> String {
    match type_ {
        Type::Text | Type::Enum { .. } | Type::Reference { .. } => "text".to_owned(),
        Type::Integer | Type::Number { scale: 0 } => "integer".to_owned(),
        Type::Number { scale } => format!("number, {scale} decimals"),
        Type::Money { currency, scale } => format!("money {currency}, {scale} decimals"),
        Type::Boolean => "boolean".to_owned(),
        Type::Date | Type::Timestamp => "timestamp".to_owned(),
        Type::Duration => "duration".to_owned(),
    }
}

/// How often a table is looked at anew because others shaped one meanwhile.
const ATTEMPTS: u32 = 10;

/// The table of an entity with a column for every attribute, and columns of texts `beside` them, made or widened through the store's door if need be.
pub(crate) async fn ensure_table(
    catalogue: &Catalogue,
    entity: &Entity,
    beside: &[String],
    now: i64,
    actor: &str,
) -> Result<Table, LandError> {
    let permit = permit(actor)?;
    let wanted = wanted(entity, beside);
    for _ in 0..ATTEMPTS {
        let found = Found::read(&mut catalogue.store.read().await?, entity, &wanted).await?;
        let lacking = match found {
            Found { table: Some(table), lacking } if lacking.is_empty() => return table_of(table, entity),
            found => found.lacking,
        };
        let names = lacking.iter().map(|name| plain(name)).collect::<Result<_, _>>()?;
        let command = Command::Shape(Shape { entity: entity.id.clone(), columns: names });
        let key = new_key("shape");
        let stamp = Stamp { at: now, actor, message: "follow the model" };
        let mut effects = Shaping { entity, wanted: &wanted, lacking, stamp };
        match catalogue.store.perform(Asked::new(&permit, &key, now), &command, &mut effects).await {
            Ok(_) | Err(CalledOff::Faster) => {}
            Err(CalledOff::Failed(error)) => return Err(error),
        }
    }
    Err(LandError::Conflict { path: entity.id.to_string(), attempts: ATTEMPTS })
}

/// The columns an entity's table must have: those of its attributes, then the lake's own.
fn wanted(entity: &Entity, beside: &[String]) -> Vec<NewColumn> {
    let attributes = entity.attributes.iter().map(|a| NewColumn {
        name: a.id.to_string(),
        type_: column_type(a.type_.physical()),
        declared: Some(stored_type(&a.type_)),
    });
    let own = SYSTEM.iter().map(|(name, physical)| NewColumn {
        name: (*name).to_owned(),
        type_: column_type(*physical),
        declared: None,
    });
    let beside = beside.iter().map(|name| NewColumn {
        name: name.clone(),
        type_: column_type(Physical::Text),
        declared: None,
    });
    attributes.chain(own).chain(beside).collect()
}

/// A table as it stands, and the columns it lacks of an entity.
struct Found {
    table: Option<stored::Table>,
    lacking: Vec<String>,
}

impl Found {
    async fn read(tx: &mut Reading, entity: &Entity, wanted: &[NewColumn]) -> Result<Self, LandError> {
        let table = stored::table(tx, MAIN, entity.id.as_str()).await?;
        let mut lacking = Vec::new();
        for column in wanted {
            let columns = table.iter().flat_map(|t| &t.columns);
            let found = columns.map(|c| &c.column).find(|c| c.name == column.name);
            match (found, &column.declared) {
                (None, _) => lacking.push(column.name.clone()),
                (Some(found), Some(declared)) if found.declared.as_ref() != Some(declared) => {
                    return Err(LandError::TypeChanged {
                        entity: entity.id.clone(),
                        attribute: column.name.clone(),
                        stored: found.declared.clone().unwrap_or_default(),
                        declared: declared.clone(),
                    });
                }
                _ => {}
            }
        }
        Ok(Self { table, lacking })
    }
}

/// A table as landing needs it.
pub(crate) fn table_of(found: stored::Table, entity: &Entity) -> Result<Table, LandError> {
    let personal = |name: &str| {
        let of = name.strip_prefix(system::SAID).unwrap_or(name);
        let own = name == system::MERGED_INTO;
        entity
            .attributes
            .iter()
            .any(|a| a.personal && (a.id.as_str() == of || own && entity.key.contains(&a.id)))
    };
    let columns = found.columns.into_iter().map(|Column { id, column }| {
        let physical = physical_of(column.type_)?;
        Ok(TableColumn { id, personal: personal(&column.name), name: column.name, physical })
    });
    Ok(Table { id: found.id, name: found.name, columns: columns.collect::<Result<_, LakeError>>()? })
}

/// What making or widening a table leaves in the catalogue.
struct Shaping<'a> {
    entity: &'a Entity,
    wanted: &'a [NewColumn],
    lacking: Vec<String>,
    stamp: Stamp<'a>,
}

impl Effects for Shaping<'_> {
    type Output = ();
    type Error = CalledOff;

    async fn prepare(&mut self, tx: &mut Transaction) -> Result<Evidence, CalledOff> {
        if Found::read(tx, self.entity, self.wanted).await?.lacking != self.lacking {
            return Err(CalledOff::Faster);
        }
        let widened = stored::widen(tx, MAIN, self.entity.id.as_str(), self.wanted, self.stamp).await?;
        let snapshot = widened.snapshot.ok_or(CalledOff::Faster)?;
        Ok(Evidence::Shaped { snapshot: snapshot.unsigned_abs() })
    }

    async fn write(&mut self, _: &mut Transaction, _: Receipt) -> Result<(), CalledOff> {
        Ok(())
    }
}

/// The files that make up a table now, and the version they stand at, read together.
pub(crate) async fn live_files(catalogue: &Catalogue, table: i64) -> Result<(Vec<DataFile>, i64), LakeError> {
    let mut tx = catalogue.store.read().await?;
    let version = stored::version(&mut tx, table, None).await?;
    let files = stored::live_files(&mut tx, table).await?;
    drop(tx);
    let files: Vec<DataFile> = files.into_iter().map(|f| catalogue.place(f)).collect();
    catalogue.bring(files.iter().flat_map(DataFile::all_wanted).collect()).await?;
    Ok((files, version))
}
