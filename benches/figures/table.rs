//! The figures as a table.

/// One figure beside its goal.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    /// What was measured, in words.
    pub(crate) measured: String,
    /// What the goal is about: a ratio, or a number whose unit the name tells.
    pub(crate) value: f64,
    pub(crate) goal: Goal,
}

/// What a figure should be.
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    fn verdict(&self) -> String {
        let (goal, met) = match self.goal {
            Goal::AtLeast(goal) => (format!(">= {goal}"), self.value >= goal),
            Goal::AtMost(goal) => (format!("<= {goal}"), self.value <= goal),
        };
        format!("{goal:<8} {}", if met { "met" } else { "missed" })
    }
}

pub(crate) fn print(figures: &[Figure]) {
    for figure in figures {
        println!("  {:<34} {:>7.2}  goal {:<16} {}", figure.name, figure.value, figure.verdict(), figure.measured);
    }
}
