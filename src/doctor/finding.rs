//! What a check found out.

use serde::Serialize;

/// The three ends of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingState {
    /// Nothing is wrong. There may be a hint all the same.
    Ok,
    /// Somebody has to do something.
    Problem,
    /// It could not be looked at, such as for want of a right.
    Unknown,
}

impl FindingState {
    /// As it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problem => "problem",
            Self::Unknown => "unknown",
        }
    }
}

/// What one check found out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The id of the check. It never changes, so that scripts may rely on it.
    pub check: &'static str,
    /// Whether something is wrong.
    pub state: FindingState,
    /// What was seen, in one sentence.
    pub summary: String,
    /// What to do about it, in the words of the place where it is done; empty where nothing is to be done.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advice: String,
}

/// Nothing is wrong.
pub fn ok(summary: impl Into<String>) -> Conclusion {
    Conclusion { state: FindingState::Ok, summary: summary.into(), advice: String::new() }
}

/// Something is wrong, and this mends it.
pub fn problem(summary: impl Into<String>, advice: impl Into<String>) -> Conclusion {
    Conclusion { state: FindingState::Problem, summary: summary.into(), advice: advice.into() }
}

/// It could not be looked at, and this changes that.
pub fn unknown(summary: impl Into<String>, advice: impl Into<String>) -> Conclusion {
    Conclusion { state: FindingState::Unknown, summary: summary.into(), advice: advice.into() }
}

/// A finding without the id of its check, which the table of checks adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// Whether something is wrong.
    pub state: FindingState,
    /// What was seen.
    pub summary: String,
    /// What to do about it.
    pub advice: String,
}

impl Conclusion {
    /// The same with a hint: something to know although nothing is wrong.
    #[must_use]
    pub fn with_hint(self, advice: impl Into<String>) -> Self {
        Self { advice: advice.into(), ..self }
    }

    /// The finding of the check with this id.
    pub fn of_check(self, check: &'static str) -> Finding {
        let Self { state, summary, advice } = self;
        Finding { check, state, summary, advice }
    }
}
