//! Types of columns, and how their values are spelt in statistics.

use super::corrupt;
use crate::error::StoreError;

/// How the values of a column are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// 64-bit integers.
    Int64,
    /// 32-bit integers.
    Int32,
    /// 64-bit floating point.
    Float64,
    /// True or false.
    Boolean,
    /// Instants in µs UTC.
    Instant,
    /// Days since 1970-01-01.
    Date,
}

/// Type and DuckLake's name of it.
const NAMES: [(ColumnType, &str); 8] = [
    (ColumnType::Text, "varchar"),
    (ColumnType::Bytes, "blob"),
    (ColumnType::Int64, "int64"),
    (ColumnType::Int32, "int32"),
    (ColumnType::Float64, "float64"),
    (ColumnType::Boolean, "boolean"),
    (ColumnType::Instant, "timestamptz"),
    (ColumnType::Date, "date"),
];

impl ColumnType {
    /// DuckLake's name.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(type_, _)| *type_ == self).map_or("varchar", |(_, name)| name)
    }

    pub(crate) fn named(name: &str) -> Result<Self, StoreError> {
        let found = NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(type_, _)| *type_).ok_or_else(|| corrupt(format!("a column has type `{name}`")))
    }

    /// Spells the bounds of a column whose values are integers, instants or days; none where DuckLake keeps none.
    pub fn spell(self, low: i64, high: i64) -> Option<(String, String)> {
        match self {
            Self::Instant => Some((instant_text(low)?, instant_text(high)?)),
            Self::Date => Some((date_text(low)?, date_text(high)?)),
            Self::Boolean => Some(((low != 0).to_string(), (high != 0).to_string())),
            Self::Int64 | Self::Int32 => Some((low.to_string(), high.to_string())),
            Self::Text | Self::Bytes | Self::Float64 => None,
        }
    }

    /// What [`Self::spell`] wrote.
    pub(crate) fn read(self, text: &str) -> Option<i64> {
        match self {
            Self::Instant => {
                format!("{text}:00").parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
            }
            Self::Int64 | Self::Int32 => text.parse().ok(),
            _ => None,
        }
    }
}

/// An instant as DuckLake writes it in statistics; none where its spelling would leave four-digit years.
pub(crate) fn instant_text(micros: i64) -> Option<String> {
    let time = jiff::Timestamp::from_microsecond(micros).ok()?;
    let civil = jiff::tz::TimeZone::UTC.to_datetime(time);
    (1..=9999).contains(&civil.year()).then(|| {
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00",
            civil.year(),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
            civil.subsec_nanosecond() / 1000
        )
    })
}

fn date_text(days: i64) -> Option<String> {
    let micros = days.checked_mul(86_400_000_000)?;
    instant_text(micros).and_then(|text| text.split(' ').next().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_spelt_as_duckdb_does() {
        let spelt = |t: ColumnType, n| t.spell(n, n).map(|(low, _)| low);
        assert_eq!(spelt(ColumnType::Date, 20_454).unwrap(), "2026-01-01");
        assert_eq!(spelt(ColumnType::Date, -719_162).unwrap(), "0001-01-01");
        assert_eq!(spelt(ColumnType::Date, -719_163), None, "before year 1");
        assert_eq!(
            spelt(ColumnType::Instant, 1_767_225_600_000_001).unwrap(),
            "2026-01-01 00:00:00.000001+00"
        );
        assert_eq!(spelt(ColumnType::Instant, i64::MAX), None);
        assert_eq!(spelt(ColumnType::Boolean, 1).unwrap(), "true");
        for n in [-1, 0, 1_767_225_600_000_001] {
            for type_ in [ColumnType::Instant, ColumnType::Int64] {
                assert_eq!(type_.read(&spelt(type_, n).unwrap()), Some(n));
            }
        }
    }
}
