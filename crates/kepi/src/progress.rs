//! Progress bars on stderr for long work; silent when quiet or not on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use kepi_app::run::{RunProgress, Step};
use kepi_query::landing::Progress;

/// Tells how far a run is.
#[derive(Debug)]
pub struct Terminal {
    bar: ProgressBar,
}

impl Terminal {
    /// A bar, hidden when `quiet`. indicatif hides it by itself where stderr is no terminal.
    pub fn new(quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {human_pos} rows {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    /// Ends the bar and clears its line.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Terminal {
    fn rows(&self, more: u64) {
        self.bar.inc(more);
    }
}

impl RunProgress for Terminal {
    fn step(&self, step: Step<'_>) {
        self.bar.reset();
        self.bar.set_message(match step {
            Step::Fetch { source } => format!("fetching {source}"),
            Step::Land { source } => format!("landing {source}"),
            Step::Measure { entity } => format!("measuring {entity}"),
            Step::Publish => "publishing".to_owned(),
            Step::Judge => "judging what has changed".to_owned(),
        });
    }
    fn landing(&self) -> &dyn Progress {
        self
    }
}
