//! What Events tell of: their reasons are spelled here and nowhere else.

/// Why there is an Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventReason {
    /// On a DirectoryUser: an account of the provider logged in for the first time and is this person's from now on.
    AccountLinked,
    /// On a DirectoryUser: an account of the provider that is not this person's tried to log in as this person.
    IdentityConflict,
    /// On a DirectoryUser: the doors have opened for this person.
    AccessGranted,
    /// On a DirectoryUser: the doors have closed for this person.
    AccessDenied,
    /// On a DirectoryUser: the person is something else than before, and the doors are as they were.
    StateChanged,
    /// On a DirectoryUser or DirectoryGroup: another object has a value that this one names.
    ValueTaken,
    /// On a DirectoryUser or DirectoryGroup: it owns every value that it names again.
    ValueClaimed,
    /// On a DirectoryUser or DirectoryGroup: a request was refused because this object has the value that it asked for.
    ValueWanted,
    /// On a DirectoryUser or DirectoryGroup: a request held attributes that no schema has.
    AttributesIgnored,
    /// On a DirectoryGroup: a request named members that are nobody of the Directory.
    MembersIgnored,
    /// On a Directory: people can log in.
    LoginReady,
    /// On a Directory: people cannot log in.
    LoginNotReady,
    /// On a Directory: many people were refused within a short time.
    ManyDenials,
    /// On a Directory: nothing has been heard from the provider for three cycles.
    ProviderSilent,
    /// On a Directory: the provider asks again.
    ProviderBack,
    /// On a Directory: the provider asks, and no user has come.
    NoUsers,
    /// On a Directory: users have come.
    UsersArrived,
    /// On a Directory: people may not be found when they log in.
    MappingSuspect,
    /// On a Directory: what logins need is there for everybody.
    MappingMended,
    /// On a Directory: writes of the last cycle were refused.
    OperationsRefused,
    /// On a Directory: no write of the last cycle was refused.
    OperationsAccepted,
    /// On a Directory: many people were deactivated in one cycle.
    ManyDeactivated,
    /// On a Directory: the cycle after it is an ordinary one.
    DeactivationsOrdinary,
    /// On a Directory: credentials were refused.
    AuthenticationFailing,
    /// On a Directory: for ten minutes no credentials have been refused.
    AuthenticationMended,
    /// On a Directory: deletions over SCIM are braked.
    MassDeleteBlocked,
    /// On a Directory: deletions go through again.
    MassDeleteUnblocked,
    /// On a DirectoryKey: it ends within 30, 7 or 1 days.
    KeyExpiring,
    /// On a DirectoryKey: it has ended.
    KeyExpired,
    /// On a DirectoryKey: the operator has made its secret.
    KeyMinted,
    /// On a DirectoryKey: a successor has its secret, and the key gets an end.
    KeyRotated,
}

impl EventReason {
    /// `reason` of the Event.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountLinked => "AccountLinked",
            Self::IdentityConflict => "IdentityConflict",
            Self::AccessGranted => "AccessGranted",
            Self::AccessDenied => "AccessDenied",
            Self::StateChanged => "StateChanged",
            Self::ValueTaken => "ValueTaken",
            Self::ValueClaimed => "ValueClaimed",
            Self::ValueWanted => "ValueWanted",
            Self::AttributesIgnored => "AttributesIgnored",
            Self::MembersIgnored => "MembersIgnored",
            Self::LoginReady => "LoginReady",
            Self::LoginNotReady => "LoginNotReady",
            Self::ManyDenials => "ManyDenials",
            Self::ProviderSilent => "ProviderSilent",
            Self::ProviderBack => "ProviderBack",
            Self::NoUsers => "NoUsers",
            Self::UsersArrived => "UsersArrived",
            Self::MappingSuspect => "MappingSuspect",
            Self::MappingMended => "MappingMended",
            Self::OperationsRefused => "OperationsRefused",
            Self::OperationsAccepted => "OperationsAccepted",
            Self::ManyDeactivated => "ManyDeactivated",
            Self::DeactivationsOrdinary => "DeactivationsOrdinary",
            Self::AuthenticationFailing => "AuthenticationFailing",
            Self::AuthenticationMended => "AuthenticationMended",
            Self::MassDeleteBlocked => "MassDeleteBlocked",
            Self::MassDeleteUnblocked => "MassDeleteUnblocked",
            Self::KeyExpiring => "KeyExpiring",
            Self::KeyExpired => "KeyExpired",
            Self::KeyMinted => "KeyMinted",
            Self::KeyRotated => "KeyRotated",
        }
    }

    /// `type` of the Event: Warning where somebody should look.
    pub fn event_type(self) -> &'static str {
        match self {
            Self::AccountLinked
            | Self::AccessGranted
            | Self::AccessDenied
            | Self::StateChanged
            | Self::ValueClaimed
            | Self::LoginReady => "Normal",
            Self::ProviderBack
            | Self::UsersArrived
            | Self::MappingMended
            | Self::OperationsAccepted
            | Self::DeactivationsOrdinary
            | Self::AuthenticationMended
            | Self::MassDeleteUnblocked => "Normal",
            Self::IdentityConflict
            | Self::ValueTaken
            | Self::ValueWanted
            | Self::AttributesIgnored
            | Self::MembersIgnored
            | Self::LoginNotReady
            | Self::ManyDenials => "Warning",
            Self::ProviderSilent
            | Self::NoUsers
            | Self::MappingSuspect
            | Self::OperationsRefused
            | Self::ManyDeactivated
            | Self::AuthenticationFailing
            | Self::MassDeleteBlocked => "Warning",
            Self::KeyMinted | Self::KeyRotated => "Normal",
            Self::KeyExpiring | Self::KeyExpired => "Warning",
        }
    }

    /// `action` of the Event: what the operator did when it happened.
    pub fn action(self) -> &'static str {
        match self {
            Self::AccountLinked | Self::IdentityConflict => "Login",
            Self::AccessGranted | Self::AccessDenied | Self::ManyDenials => "DecideAccess",
            Self::StateChanged => "DecideState",
            Self::ValueTaken | Self::ValueClaimed | Self::ValueWanted => "ClaimValues",
            Self::AttributesIgnored | Self::MembersIgnored => "Provision",
            Self::LoginReady | Self::LoginNotReady => "AskProvider",
            Self::AuthenticationFailing | Self::AuthenticationMended => "CheckCredentials",
            Self::MappingSuspect | Self::MappingMended => "LookAtAttributes",
            Self::MassDeleteBlocked | Self::MassDeleteUnblocked => "CountDeletions",
            Self::ProviderSilent
            | Self::ProviderBack
            | Self::NoUsers
            | Self::UsersArrived
            | Self::OperationsRefused
            | Self::OperationsAccepted
            | Self::ManyDeactivated
            | Self::DeactivationsOrdinary => "LookAtTraffic",
            Self::KeyExpiring | Self::KeyExpired => "CheckExpiry",
            Self::KeyMinted => "MintKey",
            Self::KeyRotated => "RotateKey",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_of_every_event() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/access.md");
        let page = std::fs::read_to_string(page).expect("the page");
        let table = page.lines().skip_while(|line| !line.starts_with("| Reason | Type |")).skip(2);
        let table: Vec<_> = table.take_while(|line| line.starts_with('|')).collect();
        let reasons = [
            EventReason::AccountLinked,
            EventReason::IdentityConflict,
            EventReason::AccessGranted,
            EventReason::AccessDenied,
            EventReason::StateChanged,
            EventReason::ValueTaken,
            EventReason::ValueClaimed,
            EventReason::ValueWanted,
            EventReason::AttributesIgnored,
            EventReason::MembersIgnored,
            EventReason::LoginReady,
            EventReason::LoginNotReady,
            EventReason::ManyDenials,
            EventReason::ProviderSilent,
            EventReason::ProviderBack,
            EventReason::NoUsers,
            EventReason::UsersArrived,
            EventReason::MappingSuspect,
            EventReason::MappingMended,
            EventReason::OperationsRefused,
            EventReason::OperationsAccepted,
            EventReason::ManyDeactivated,
            EventReason::DeactivationsOrdinary,
            EventReason::AuthenticationFailing,
            EventReason::AuthenticationMended,
            EventReason::MassDeleteBlocked,
            EventReason::MassDeleteUnblocked,
            EventReason::KeyExpiring,
            EventReason::KeyExpired,
            EventReason::KeyMinted,
            EventReason::KeyRotated,
        ];
        assert_eq!(table.len(), reasons.len());
        for (row, reason) in table.iter().zip(reasons) {
            let expected = format!("| `{}` | {} | ", reason.as_str(), reason.event_type());
            assert!(row.starts_with(&expected), "{expected}: {row}");
        }
    }
}
