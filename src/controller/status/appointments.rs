//! Directories that are looked at because time has passed, and not because anything has changed.
//!
//! They do not stand among the dirty names: nothing is left to do about them until then, and whoever watches the length of that
//! queue waits for its end.

use std::collections::HashMap;
use std::time::Instant;

use tokio::time::sleep_until;

use crate::store::index::dirty::DirectoryName;

/// When each Directory is to be looked at again; as many entries as there are Directories.
#[derive(Debug, Default)]
pub struct Appointments(HashMap<DirectoryName, Instant>);

impl Appointments {
    /// Lets a Directory be looked at at this time and no other; nothing where only a change matters.
    pub fn set(&mut self, name: &DirectoryName, at: Option<Instant>) {
        match at {
            Some(at) => drop(self.0.insert(name.clone(), at)),
            None => drop(self.0.remove(name)),
        }
    }

    /// Waits for the next time; returns the Directory, which then has none any more.
    pub async fn next(&mut self) -> DirectoryName {
        let next = self.0.iter().min_by_key(|(_, at)| **at).map(|(name, at)| (name.clone(), *at));
        let Some((name, at)) = next else { return std::future::pending().await };
        sleep_until(at.into()).await;
        self.0.remove(&name);
        name
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn each_directory_is_looked_at_once_at_its_time() {
        let (mut appointments, now) = (Appointments::default(), Instant::now());
        let name = |name: &str| DirectoryName::new("people", name);
        let soon = now + Duration::from_millis(20);
        appointments.set(&name("staff"), Some(now + Duration::from_secs(3600)));
        appointments.set(&name("guests"), Some(soon));
        appointments.set(&name("gone"), Some(now));
        appointments.set(&name("gone"), None);
        assert_eq!(appointments.next().now_or_never(), None);
        assert_eq!(appointments.next().await, name("guests"));
        assert!(Instant::now() >= soon);
        assert_eq!(appointments.next().now_or_never(), None, "the other one has to wait");
        appointments.set(&name("staff"), Some(soon));
        assert_eq!(appointments.next().await, name("staff"));
        assert_eq!(appointments.next().now_or_never(), None);
    }
}
