//! Tells what the janitor did. An object that is in conflict for months is looked at now and then, and nothing is done
//! about it: that counts as nothing.

use super::act::Acted;
use super::action::JanitorAction;
use super::decide::HealingStep;
use crate::metrics::Metrics;
use crate::redaction::without_values;
use crate::store::claims::Error;
use crate::store::index::dirty::{DirtyName, DirtySubject};

/// Counts a step, and logs one that failed.
pub fn report(metrics: &Metrics, step: HealingStep, acted: &Result<Acted, Error>, name: &DirtyName) {
    let action = match step {
        HealingStep::Settle => JanitorAction::Settled,
        HealingStep::Label => JanitorAction::Labelled,
        HealingStep::Release => JanitorAction::Released,
    };
    match acted {
        Ok(Acted::Changed) => metrics.janitor(action.as_str()),
        Ok(Acted::Nothing | Acted::Busy) => {}
        Err(error) => {
            metrics.janitor(JanitorAction::Failed.as_str());
            let DirtyName { directory, subject } = name;
            let (namespace, directory) = (directory.namespace(), directory.name());
            let object = match subject {
                DirtySubject::User(object) | DirtySubject::Group(object) | DirtySubject::Claim(object) => object,
                DirtySubject::Directory | DirtySubject::Application(_) | DirtySubject::Key(_) => "",
            };
            let (wanted, error) = (action.as_str(), without_values(&error.to_string()));
            tracing::warn!(namespace, directory, object, wanted, error, "the janitor could not finish");
        }
    }
}
