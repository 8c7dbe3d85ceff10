//! Setting the first password with the one-time link of an invitation.

use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse as _;
use http::StatusCode;

use super::new_password::{saved, told};
use super::password::{require_passwords, wait_of, with_wait};
use crate::api::Object;
use crate::http::browser::{Browser, Turned, Visit, VisitFailure};
use crate::http::edge::Answer;
use crate::http::page::{self, Form};
use crate::login::audit;
use crate::login::invitation::{self, InvitationRefused};
use crate::pages::{self, NewPasswordPage, texts};
use crate::store::Error;
use crate::store::kind::Kind;

/// How often the use of a link is written before the person is asked to try again.
const USE_TRIES: usize = 4;

/// A link, and the person whom it invites.
struct Invited {
    person: Object,
    token: String,
}

/// `GET /login/NAMESPACE/DIRECTORY/invitation?user=&token=`.
pub(super) async fn ask(State(browser): State<Browser>, visit: Visit) -> Result<Answer, VisitFailure> {
    let invited = Invited::read(&browser, &visit).await?;
    invited.form(&browser, &visit, StatusCode::OK, None)
}

/// `POST` of the same.
pub(super) async fn accept(State(browser): State<Browser>, visit: Visit, body: Body) -> Result<Answer, Turned> {
    let (logins, directory) = (&browser.logins, &visit.directory);
    let invited = Invited::read(&browser, &visit).await.map_err(Turned::from)?;
    let Invited { person, token } = &invited;
    let foreign = |reason: &str| Turned::from(visit.failure(StatusCode::FORBIDDEN, texts::error::FORM, reason));
    let sent = Form::read(&visit.headers, &visit.origin(), body).await;
    let sent = sent.map_err(|refused| foreign(&format!("the form is refused: {refused:?}")))?;
    if !logins.is_form_valid(directory, token, sent.token(), visit.now) {
        return Err(foreign("the token of the form is not valid"));
    }
    let again = |status, problem| invited.form(&browser, &visit, status, Some(problem)).map_err(Turned::from);
    let new = sent.field("new");
    if new != sent.field("again") {
        return again(StatusCode::UNPROCESSABLE_ENTITY, texts::PASSWORDS_DIFFER);
    }
    // Before the link is used up: neither a password that is not taken nor a busy moment may cost it.
    let prepared = match logins.passwords().prepare(person, new).await {
        Ok(prepared) => prepared,
        Err(refused) => {
            let (status, problem) = told(&refused, texts::WRONG_PASSWORD);
            let Some(problem) = problem else { return Err(visit.stale(refused.to_string()).into()) };
            return again(status, problem).map(|answer| with_wait(answer, wait_of(&refused, &visit)));
        }
    };
    let name = person.name();
    match invited.use_up(&browser, &visit).await {
        Ok(()) => {}
        Err(Error::Conflict | Error::NotFound) => {
            return again(StatusCode::CONFLICT, texts::CHANGED_MEANWHILE);
        }
        Err(error) => return Err(visit.stale(error.to_string()).into()),
    }
    match logins.passwords().save(person, prepared).await {
        Ok(()) => {
            audit::password_set(directory, name, "invitation");
            Ok(saved(&browser, &visit))
        }
        // The link is used up and there is no password: the person needs another invitation, and is told so.
        Err(refused) => {
            let failure =
                visit.failure(StatusCode::SERVICE_UNAVAILABLE, texts::error::INVITATION_LOST, refused.to_string());
            Err(with_wait(failure.into_response(), wait_of(&refused, &visit)).into())
        }
    }
}

impl Invited {
    /// The person whom a link invites, read live. Whatever is wrong with the link, the answer is 410 with the same words.
    async fn read(browser: &Browser, visit: &Visit) -> Result<Self, VisitFailure> {
        require_passwords(browser, visit)?;
        let (user, token) =
            (visit.parameter("user")?.unwrap_or_default(), visit.parameter("token")?.unwrap_or_default());
        let gone =
            |refused: InvitationRefused| visit.failure(StatusCode::GONE, texts::error::INVITATION, refused.as_str());
        let logins = &browser.logins;
        let person = match logins.store().objects().get(Kind::USER, &visit.directory.namespace, user).await {
            Err(Error::NotFound) => return Err(gone(InvitationRefused::Unknown)),
            person => person.map_err(|error| visit.stale(error.to_string()))?,
        };
        if person.directory() != visit.directory.name {
            return Err(gone(InvitationRefused::Unknown));
        }
        invitation::check(&person, token, visit.now).map_err(gone)?;
        visit.note.resource(user);
        let denial = logins.passwords().denial(&visit.directory, &person).await;
        if let Some(reason) = denial.map_err(|error| visit.stale(error.to_string()))? {
            return Err(visit.denied(texts::denied::METHOD_UNAVAILABLE, reason));
        }
        Ok(Self { person, token: token.to_owned() })
    }

    /// Marks the link as used. The operator itself may write the status of the person at the same moment, and then the link is
    /// looked at once more: it opens for one person once, and the write of a rival ends it.
    async fn use_up(&self, browser: &Browser, visit: &Visit) -> Result<(), Error> {
        let Self { person, token } = self;
        let (store, namespace) = (browser.logins.store(), &visit.directory.namespace);
        let mut written = Err(Error::Conflict);
        let mut person = person.clone();
        for _ in 0..USE_TRIES {
            let patch = invitation::used(&person, visit.now);
            written = store.write_status(Kind::USER, namespace, person.name(), &patch).await.map(drop);
            if !matches!(written, Err(Error::Conflict)) {
                break;
            }
            person = store.objects().get(Kind::USER, namespace, person.name()).await?;
            if invitation::check(&person, token, visit.now).is_err() {
                break;
            }
        }
        written
    }

    fn form(
        &self,
        browser: &Browser,
        visit: &Visit,
        status: StatusCode,
        problem: Option<&str>,
    ) -> Result<Answer, VisitFailure> {
        let Self { person, token } = self;
        // The token of the link is the one thing that nobody else knows.
        let form_token = browser.logins.form_token(&visit.directory, token, visit.now);
        let form_token = form_token.ok_or_else(|| visit.stale("the keys of sessions have not been read"))?;
        let directory = &visit.directory;
        let path = invitation::path(&directory.namespace, &directory.name, person.name(), token);
        let page = NewPasswordPage {
            frame: page::frame(directory),
            heading: texts::SET_PASSWORD,
            user_name: user_name(person),
            asks_for_old: false,
            action: &format!("{}{path}", visit.base()),
            token: &form_token,
            problem,
            cancel: None,
        };
        Ok(pages::answer(status, &page))
    }
}

fn user_name(person: &Object) -> &str {
    person.scim()["userName"].as_str().unwrap_or_default()
}
