//! What a provider says in place of a login, as plain sentences of ours.
//!
//! `error_description` is written for developers, holds ids, and comes through the browser: it is never shown and never logged.
//! Of Entra's one the number behind AADSTS is read, and what is not in the table is told by the code of OAuth (RFC 6749 section
//! 4.1.2.1) alone.

use std::fmt;

use super::problem::ProviderProblem;
use super::token::TokenRefused;
use crate::api::conditions::Reason;

/// Who can do something about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The login may simply be started again.
    Again,
    /// The provider has trouble of its own, which will pass.
    Later,
    /// The person has to do something at the provider.
    Person,
    /// An administrator of the provider's tenant has to let the person in.
    Administrator,
    /// An administrator has to correct the registration or `spec.login`: nobody gets in until then.
    Registration,
}

/// What the provider said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderRefusal {
    /// The number behind AADSTS, if the answer has one.
    pub code: Option<u32>,
    /// What it means for the person. It is ours, whole.
    pub sentence: &'static str,
    /// Who can do something about it.
    pub remedy: Remedy,
}

use Remedy::{Administrator, Again, Later, Person, Registration};

/// Microsoft's codes that a login may end with.
const AADSTS: &[(u32, Remedy, &str)] = &[
    (
        16_000,
        Person,
        "Your browser is signed in with several accounts. Sign in again and choose the one of your company.",
    ),
    (50_011, Registration, "The address of this login is not a redirect URI of the application's registration."),
    (50_020, Administrator, "Your account is of another organisation and is not a guest of this one."),
    (50_034, Administrator, "There is no such account in this organisation."),
    (50_053, Person, "Your account is locked after too many attempts. Wait a while and sign in again."),
    (50_055, Person, "Your password has expired. Change it at the provider and sign in again."),
    (50_056, Person, "Your password is wrong or has not been set. Reset it at the provider and sign in again."),
    (50_057, Administrator, "Your account is disabled."),
    (50_058, Again, "You were no longer signed in at the provider. Sign in again."),
    (50_059, Registration, "The authority of this login does not name the organisation."),
    (50_072, Person, "You have to register a second factor at the provider first. Sign in again to do so."),
    (50_074, Person, "A second factor is needed. Sign in again and complete it."),
    (50_076, Person, "A second factor is needed. Sign in again and complete it."),
    (50_079, Person, "You have to register a second factor at the provider first. Sign in again to do so."),
    (50_085, Again, "Your session at the provider has ended. Sign in again."),
    (50_089, Again, "The login took too long. Sign in again."),
    (50_097, Administrator, "Your organisation lets only registered devices sign in here."),
    (50_105, Administrator, "Your account is not assigned to this application. Ask for the assignment."),
    (50_126, Person, "The user name or the password is wrong. Sign in again."),
    (50_131, Administrator, "Your organisation's rules do not let you sign in here from this device or place."),
    (50_132, Again, "Your session at the provider has ended. Sign in again."),
    (50_133, Again, "Your password was changed. Sign in again."),
    (50_140, Again, "The login was interrupted. Sign in again."),
    (50_144, Person, "Your password has expired. Change it at the provider and sign in again."),
    (50_173, Again, "Your session at the provider was ended. Sign in again."),
    (50_196, Again, "The provider saw the same request too often. Wait a minute and sign in again."),
    (51_004, Administrator, "Your account does not exist in this organisation."),
    (53_000, Administrator, "Your organisation lets only compliant devices sign in here."),
    (53_001, Administrator, "Your organisation lets only devices of its domain sign in here."),
    (53_002, Administrator, "Your organisation does not let this app be used to sign in here."),
    (53_003, Administrator, "A Conditional Access rule of your organisation does not let you sign in here."),
    (
        53_004,
        Person,
        "You have to register a second factor, which this place or device does not allow. Try from elsewhere.",
    ),
    (54_005, Again, "This login was used already. Sign in again."),
    (
        65_001,
        Administrator,
        "Your organisation has not consented to this application. Ask an administrator for the consent.",
    ),
    (65_004, Person, "You did not consent to what the application asks for. Sign in again and accept it."),
    (65_005, Registration, "The application asks for a permission that its registration does not have."),
    (70_001, Registration, "The application is not registered in this organisation."),
    (70_008, Again, "The login took too long. Sign in again."),
    (70_011, Registration, "The application asks for a scope that does not exist."),
    (
        70_021,
        Registration,
        "No federated credential of the application fits the token of the operator's service account.",
    ),
    (70_043, Again, "Your session at the provider has ended. Sign in again."),
    (75_011, Again, "You signed in by another way than was asked for. Sign in again."),
    (80_012, Administrator, "Your organisation does not let you sign in at this time."),
    (81_010, Again, "The provider did not accept your computer's sign-in. Sign in again."),
    (90_002, Registration, "The organisation of this login's authority does not exist."),
    (90_033, Later, "The provider is not available just now. Try again in a few minutes."),
    (90_072, Administrator, "Your account is of another organisation and is not a guest of this one."),
    (90_094, Administrator, "An administrator of your organisation has to consent to this application."),
    (90_095, Administrator, "An administrator of your organisation has to consent to this application."),
    (135_010, Again, "The login took too long. Sign in again."),
    (165_900, Again, "Your session at the provider has ended. Sign in again."),
    (500_011, Registration, "What the application asks for is not in this organisation."),
    (500_113, Registration, "The application's registration has no redirect URI."),
    (500_121, Person, "The second factor was not completed. Sign in again and complete it."),
    (500_133, Again, "The clock of a computer in this login is wrong, or the login took too long. Sign in again."),
    (501_481, Again, "The login does not fit its start. Sign in again."),
    (530_034, Administrator, "An administrator has blocked your organisation's access."),
    (650_052, Administrator, "Your organisation has no access to a service that the application needs."),
    (650_056, Registration, "The application's registration is not complete."),
    (700_016, Registration, "The application is not registered in this organisation."),
    (
        700_021,
        Registration,
        "The provider does not accept the token of the operator's service account: its issuer is not trusted.",
    ),
    (
        700_024,
        Registration,
        "The provider does not accept the token of the operator's service account: it has expired.",
    ),
    (
        700_027,
        Registration,
        "The provider does not accept the token of the operator's service account: its key is not known.",
    ),
    (700_054, Registration, "The application's registration does not allow this kind of login."),
    (700_082, Again, "Your session at the provider has ended. Sign in again."),
    (700_084, Again, "Your session at the provider has ended. Sign in again."),
    (
        700_211,
        Registration,
        "No federated credential of the application trusts the issuer of the operator's service account.",
    ),
    (700_212, Registration, "No federated credential of the application has the audience of the operator's token."),
    (700_213, Registration, "No federated credential of the application names the operator's service account."),
    (7_000_112, Registration, "The application is disabled in this organisation."),
    (7_000_114, Registration, "The application may not log people in like this."),
    (7_000_215, Registration, "The provider does not accept the client secret."),
    (7_000_216, Registration, "The provider got no client secret that it can use."),
    (7_000_218, Registration, "The provider got no client secret. The redirect URI must be of the platform Web."),
    (7_000_222, Registration, "The client secret has expired."),
    (
        9_002_325,
        Registration,
        "The redirect URI is registered for a single-page application. It must be of the platform Web.",
    ),
    (
        9_002_326,
        Registration,
        "The redirect URI is registered for a single-page application. It must be of the platform Web.",
    ),
    (9_002_332, Registration, "The application is for personal accounts only, and this login is not."),
];

/// The codes of OAuth and OpenID Connect (RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6).
const OAUTH: &[(&str, Remedy, &str)] = &[
    ("access_denied", Person, "The login was cancelled, or the provider does not let you in."),
    ("temporarily_unavailable", Later, "The provider is not available just now. Try again in a few minutes."),
    ("server_error", Later, "The provider had an error. Try again in a few minutes."),
    ("invalid_grant", Again, "This login was used already, or took too long. Sign in again."),
    ("login_required", Again, "You were no longer signed in at the provider. Sign in again."),
    ("interaction_required", Again, "The provider has a question for you. Sign in again."),
    ("account_selection_required", Again, "The provider wants to know which account to use. Sign in again."),
    ("consent_required", Administrator, "Your organisation has not consented to this application."),
    ("invalid_client", Registration, "The provider does not accept what the operator proves itself with."),
    ("unauthorized_client", Registration, "The application's registration does not allow this login."),
    ("invalid_request", Registration, "The provider does not understand the request of this login."),
    ("invalid_scope", Registration, "The application asks for a scope that does not exist."),
    ("unsupported_response_type", Registration, "The provider does not support this kind of login."),
    ("unsupported_grant_type", Registration, "The provider does not support this kind of login."),
];

/// What is said of a code that nobody knows.
const UNKNOWN: (Remedy, &str) = (Again, "The provider did not log you in.");

/// Longest part of a description that is searched for a code: Entra begins with it.
const SEARCHED: usize = 512;

impl ProviderRefusal {
    /// What an answer with `error` and `error_description` means, at the redirect URI and at the token endpoint alike.
    pub fn of(error: &str, description: Option<&str>) -> Self {
        let code = description.and_then(aadsts);
        let known = code.and_then(|code| AADSTS.iter().find(|(known, ..)| *known == code));
        let known = known.map(|(_, remedy, sentence)| (*remedy, *sentence));
        let of_oauth =
            || OAUTH.iter().find(|(known, ..)| *known == error).map(|(_, remedy, sentence)| (*remedy, *sentence));
        let (remedy, sentence) = known.or_else(of_oauth).unwrap_or(UNKNOWN);
        Self { code, sentence, remedy }
    }
}

/// For administrators, who search for the number.
impl fmt::Display for ProviderRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.sentence)?;
        self.code.map_or(Ok(()), |code| write!(formatter, " (AADSTS{code})"))
    }
}

/// The number behind the first AADSTS in a text.
fn aadsts(description: &str) -> Option<u32> {
    let end = description.char_indices().map(|(at, _)| at).find(|at| *at >= SEARCHED).unwrap_or(description.len());
    let (_, behind) = description[..end].split_once("AADSTS")?;
    let digits = behind.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(behind.len());
    behind[..digits].parse().ok()
}

/// Why nobody was logged in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefused {
    /// The provider cannot be used just now.
    #[error(transparent)]
    Provider(#[from] ProviderProblem),
    /// The provider said no.
    #[error("{}", .0.sentence)]
    Answer(ProviderRefusal),
    /// What it answered is not believed.
    #[error(transparent)]
    Token(#[from] TokenRefused),
    /// Guests may not log in to the Directory.
    #[error("guests of the tenant may not log in here; see spec.login.oidc.allowGuests")]
    Guest,
}

impl LoginRefused {
    /// The reason as metrics and the audit line spell it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Provider(problem) => problem.reason().as_str(),
            Self::Answer(ProviderRefusal { remedy: Remedy::Registration, .. }) => Reason::RegistrationRefused.as_str(),
            Self::Answer(_) => "ProviderRefused",
            Self::Token(refused) => refused.as_str(),
            Self::Guest => "Guest",
        }
    }

    /// Whether it may be over in a moment: the answer is then 503.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Provider(_) => true,
            Self::Answer(answer) => answer.remedy == Remedy::Later,
            Self::Token(refused) => refused.is_unavailable(),
            Self::Guest => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_name_each_code_once_and_hold_sentences() {
        let codes: std::collections::BTreeSet<_> = AADSTS.iter().map(|(code, ..)| code).collect();
        assert_eq!(codes.len(), AADSTS.len());
        let sentences = AADSTS.iter().map(|(.., sentence)| sentence).chain(OAUTH.iter().map(|(.., sentence)| sentence));
        for sentence in sentences {
            assert!(sentence.ends_with('.') && sentence.len() < 160, "{sentence}");
        }
    }

    #[test]
    fn a_code_of_entra_is_told_as_a_sentence_and_by_the_code_of_oauth_where_it_is_unknown() {
        let trace = "Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333";
        for (case, error, description, code, remedy) in [
            (
                "not assigned",
                "access_denied",
                format!("AADSTS50105: Your administrator … {trace}"),
                Some(50_105),
                Administrator,
            ),
            (
                "a wrong secret",
                "invalid_client",
                format!("AADSTS7000215: Invalid client secret. {trace}"),
                Some(7_000_215),
                Registration,
            ),
            (
                "a used code",
                "invalid_grant",
                "AADSTS54005: OAuth2 code was already redeemed".to_owned(),
                Some(54_005),
                Again,
            ),
            ("a new code", "access_denied", "AADSTS999999: whatever".to_owned(), Some(999_999), Person),
            ("no code", "temporarily_unavailable", "busy".to_owned(), None, Later),
            ("a number that is none", "access_denied", "AADSTS99999999999999: x".to_owned(), None, Person),
            ("no number", "consent_required", "AADSTS: x".to_owned(), None, Administrator),
            ("nothing that anybody knows", "<script>", String::new(), None, Again),
            ("a code far behind", "access_denied", format!("{}AADSTS50105", "é".repeat(600)), None, Person),
        ] {
            let refusal = ProviderRefusal::of(error, Some(&description));
            assert_eq!((refusal.code, refusal.remedy), (code, remedy), "{case}: {}", refusal.sentence);
        }
    }

    #[test]
    fn threat_32_nothing_of_a_description_is_repeated() {
        let planted = "<script>alert(1)</script>\r\nadele@contoso.example";
        for description in [planted.to_owned(), format!("AADSTS50105: {planted}"), format!("AADSTS{planted}")] {
            for error in ["access_denied", planted] {
                let refused = LoginRefused::Answer(ProviderRefusal::of(error, Some(&description)));
                let told = format!("{refused} {refused:?} {}", refused.as_str());
                assert!(!told.contains("script") && !told.contains("adele"), "{told}");
            }
        }
    }
}
