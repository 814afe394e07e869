//! Careless and automatic answers: measures and flags, never silent removal.
#![expect(clippy::indexing_slicing, reason = "the answers form a rectangle, checked at entry")]

use std::collections::BTreeMap;

use crate::distribution::gamma;
use crate::estimate::NotComputable;
use crate::linear::{Cholesky, Matrix};

/// Length of the longest run of equal answers in a row of answers; 0 for none. Source: Johnson 2005.
pub fn longest_run<T: PartialEq>(answers: &[T]) -> usize {
    let mut longest = 0;
    let mut run = 0;
    let mut previous: Option<&T> = None;
    for answer in answers {
        run = if previous == Some(answer) { run + 1 } else { 1 };
        longest = longest.max(run);
        previous = Some(answer);
    }
    longest
}

/// Standard deviation of one person's answers, n − 1 below the line; low values are straight-lining.
///
/// Source: Dunn, Heggestad, Shanock and Theilgard 2018.
pub fn intra_individual_deviation(answers: &[f64]) -> Result<f64, NotComputable> {
    NotComputable::unless_enough(answers.len(), 2)?;
    NotComputable::unless_finite("the answers", answers)?;
    let n = answers.len() as f64;
    let mean = answers.iter().sum::<f64>() / n;
    Ok((answers.iter().map(|answer| (answer - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

/// Squared Mahalanobis distance of every person from the mean, with its chi-square tail probability.
///
/// `answers` are columns, one per question. Errors: `Singular` when a question repeats others, `TooFew` with no
/// more people than questions. O(people · questions²). Source: Mahalanobis 1936; Meade and Craig 2012.
pub fn mahalanobis(answers: &[Vec<f64>]) -> Result<Vec<(f64, f64)>, NotComputable> {
    let questions = answers.len();
    let people = answers.first().map_or(0, Vec::len);
    NotComputable::unless_enough(people, questions + 1)?;
    let mut centred = Vec::with_capacity(questions);
    for column in answers {
        NotComputable::unless_same_length("questions", column.len(), people)?;
        NotComputable::unless_finite("the answers", column)?;
        let mean = column.iter().sum::<f64>() / people as f64;
        centred.push(column.iter().map(|answer| answer - mean).collect::<Vec<f64>>());
    }
    let matrix = Matrix::from_columns(&centred)?;
    let covariance = matrix.gram(None)?.scaled(1.0 / (people as f64 - 1.0));
    let factored = Cholesky::new(&covariance)?;
    (0..people)
        .map(|person| {
            let row = matrix.row(person);
            let solved = factored.solve(&row)?;
            let distance: f64 = row.iter().zip(&solved).map(|(a, b)| a * b).sum();
            Ok((distance, gamma::chi_square_above(distance, questions as f64)))
        })
        .collect()
}

/// Why an answer looks careless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CarelessSign {
    /// One answer repeated too long.
    LongRun,
    /// Too little spread over the answers.
    NoSpread,
    /// Far from everyone else.
    Distant,
    /// Faster than anyone reads.
    Speeding,
    /// The same answers, letter by letter, as another person's.
    Duplicate,
}

/// Limits beyond which an answer is flagged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CarelessLimits {
    /// Longest tolerated run of equal answers, as a share of the questions.
    pub run_share: f64,
    /// Least standard deviation within a person.
    pub least_deviation: f64,
    /// Tail probability of the Mahalanobis distance below which a person is distant.
    pub distance_probability: f64,
    /// Least seconds per question.
    pub seconds_per_question: f64,
}

impl Default for CarelessLimits {
    /// Half of the questions in one run (Huang et al. 2012), deviation 0.1, p 0.001, two seconds per question.
    fn default() -> Self {
        Self { run_share: 0.5, least_deviation: 0.1, distance_probability: 0.001, seconds_per_question: 2.0 }
    }
}

/// The signs each person shows; columns are questions, `seconds` the time a person took, if known.
///
/// Duplicates need at least five questions, since short surveys agree by chance.
pub fn flags(
    answers: &[Vec<f64>],
    seconds: Option<&[f64]>,
    limits: CarelessLimits,
) -> Result<Vec<Vec<CarelessSign>>, NotComputable> {
    let distances = mahalanobis(answers)?;
    let (questions, people) = (answers.len(), distances.len());
    if let Some(seconds) = seconds {
        NotComputable::unless_same_length("times and people", seconds.len(), people)?;
    }
    let rows: Vec<Vec<f64>> =
        (0..people).map(|person| answers.iter().map(|column| column[person]).collect()).collect();
    let mut same: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
    for row in &rows {
        *same.entry(row.iter().map(|value| value.to_bits()).collect()).or_default() += 1;
    }
    rows.iter()
        .enumerate()
        .map(|(person, row)| {
            let mut signs = Vec::new();
            if questions > 1 && longest_run(row) as f64 > limits.run_share * questions as f64 {
                signs.push(CarelessSign::LongRun);
            }
            if questions > 1 && intra_individual_deviation(row)? < limits.least_deviation {
                signs.push(CarelessSign::NoSpread);
            }
            if distances[person].1 < limits.distance_probability {
                signs.push(CarelessSign::Distant);
            }
            if seconds.is_some_and(|s| s[person] < limits.seconds_per_question * questions as f64) {
                signs.push(CarelessSign::Speeding);
            }
            let key: Vec<u64> = row.iter().map(|value| value.to_bits()).collect();
            if questions >= 5 && same.get(&key).is_some_and(|count| *count > 1) {
                signs.push(CarelessSign::Duplicate);
            }
            Ok(signs)
        })
        .collect()
}
