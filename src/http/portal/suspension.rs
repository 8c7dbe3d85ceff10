//! The switch that suspends a person, or lifts the suspension: a page that asks, and the form that does it.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::person::Shown;
use super::visitor::Visitor;
use crate::api::Object;
use crate::http::browser::{Browser, Turned, Visit, VisitFailure};
use crate::http::edge::Answer;
use crate::http::page::{self, Form};
use crate::login::audit;
use crate::pages::{self, PageFact, PortalPart, SuspensionPage, texts};
use crate::rules::portal::{MAX_REASON, SwitchDenied, lifted, may_switch, suspended};
use crate::store::Error;
use crate::store::kind::Kind;

/// So often a suspension is written that loses against other writes of the person.
const WRITE_TRIES: usize = 4;

/// The person that the path names, who need not exist.
#[derive(Deserialize)]
pub(super) struct Named {
    id: String,
}

/// A visit of an administrator to the page of one person.
struct Switching {
    browser: Browser,
    visit: Visit,
    visitor: Visitor,
    id: String,
}

/// What became of the switch.
enum Switched {
    /// It stands as was asked for.
    Done { is_news: bool },
    /// The visitor may not.
    Denied(SwitchDenied),
    /// There is no such person in the Directory.
    NoSuchPerson,
}

/// `GET /portal/NAMESPACE/DIRECTORY/people/ID/suspension`.
pub(super) async fn ask(
    State(browser): State<Browser>,
    visit: Visit,
    Path(Named { id }): Path<Named>,
) -> Result<Answer, Turned> {
    let switching = Switching::begin(browser, visit, &Method::GET, id)?;
    let person = switching.read().await.map_err(Turned::from)?;
    switching.check(&person).map_err(|denied| switching.denied(denied))?;
    Ok(switching.question(&person, None, StatusCode::OK))
}

/// `POST` of the same.
pub(super) async fn switch(
    State(browser): State<Browser>,
    visit: Visit,
    Path(Named { id }): Path<Named>,
    body: Body,
) -> Result<Answer, Turned> {
    let switching = Switching::begin(browser, visit, &Method::POST, id)?;
    let Switching { browser, visit, visitor, id } = &switching;
    let foreign = |reason: &str| {
        let failure = visit.failure(StatusCode::FORBIDDEN, texts::error::FORM, reason);
        Turned::from(failure.again(visitor.people.clone()))
    };
    let form = Form::read(&visit.headers, &visit.origin(), body).await;
    let form = form.map_err(|refused| foreign(&format!("the form is refused: {refused:?}")))?;
    if !browser.logins.is_form_valid(&visit.directory, &visitor.live.session.id_text(), form.token(), visit.now) {
        return Err(foreign("the token of the form is not valid"));
    }
    let is_suspension = match form.field("suspended") {
        "true" => true,
        "false" => false,
        _ => return Err(foreign("the form does not say what to do")),
    };
    let reason = form.field("reason").trim();
    if reason.chars().count() > MAX_REASON {
        let person = switching.read().await.map_err(Turned::from)?;
        return Err(switching.question(&person, Some(texts::REASON_TOO_LONG), StatusCode::UNPROCESSABLE_ENTITY).into());
    }
    match switching.write(is_suspension, reason).await {
        Ok(Switched::Done { is_news }) => {
            if is_news {
                audit::switched(&visit.directory, id, &visitor.live.person.id, is_suspension);
            }
            Ok(page::see_other(&visitor.people))
        }
        Ok(Switched::Denied(denied)) => Err(switching.denied(denied).into()),
        Ok(Switched::NoSuchPerson) => Err(switching.no_such_person().into()),
        Err(Error::Conflict) => {
            let person = switching.read().await.map_err(Turned::from)?;
            Err(switching.question(&person, Some(texts::CHANGED_MEANWHILE), StatusCode::CONFLICT).into())
        }
        Err(error) => Err(visit.stale(error.to_string()).into()),
    }
}

impl Switching {
    fn begin(browser: Browser, visit: Visit, method: &Method, id: String) -> Result<Self, Turned> {
        visit.note.resource(&id);
        let visitor = Visitor::administrator(&browser, &visit, method, "/people")?;
        Ok(Self { browser, visit, visitor, id })
    }

    /// The person, read live.
    async fn read(&self) -> Result<Object, VisitFailure> {
        let objects = self.browser.logins.store().objects();
        match objects.get(Kind::USER, &self.visit.directory.namespace, &self.id).await {
            Ok(person) if self.is_in_directory(&person) => Ok(person),
            Ok(_) | Err(Error::NotFound) => Err(self.no_such_person()),
            Err(error) => Err(self.visit.stale(error.to_string())),
        }
    }

    /// Writes what was asked for. Whether the visitor may is decided on the object that is written, not on what the page
    /// showed. Where somebody else writes the person meanwhile, mostly the operator its status, it is tried again, unless the
    /// suspension itself has changed: nobody lifts one that they have not seen.
    async fn write(&self, is_suspension: bool, reason: &str) -> Result<Switched, Error> {
        let mut seen: Option<Value> = None;
        for _ in 0..WRITE_TRIES {
            let (mut switched, mut is_another) = (Switched::NoSuchPerson, false);
            let edit = |person: &Object| {
                if !self.is_in_directory(person) {
                    return None;
                }
                if let Err(denied) = self.check(person) {
                    switched = Switched::Denied(denied);
                    return None;
                }
                let suspension = person.portal_suspension();
                is_another = seen.get_or_insert_with(|| suspension.clone()) != suspension;
                if is_another {
                    return None;
                }
                let edited = if is_suspension {
                    suspended(person, &self.visitor.live.person.id, reason, self.visit.now)
                } else {
                    lifted(person)
                };
                switched = Switched::Done { is_news: edited.is_some() };
                edited
            };
            let store = self.browser.logins.store();
            let is_written = store.edit(Kind::USER, &self.visit.directory.namespace, &self.id, edit).await?;
            match switched {
                _ if is_another => break,
                Switched::Done { is_news: true } if !is_written => {}
                switched => return Ok(switched),
            }
        }
        Err(Error::Conflict)
    }

    fn question(&self, person: &Object, problem: Option<&str>, status: StatusCode) -> Answer {
        let Self { browser, visit, visitor, id } = self;
        let token = browser.logins.form_token(&visit.directory, &visitor.live.session.id_text(), visit.now);
        let Some(token) = token else {
            return visit.stale("the keys of sessions have not been read").into_response();
        };
        let shown = Shown::of_json(person.scim(), &visitor.policy);
        let suspension = person.portal_suspension();
        let since = suspension["at"].as_str().and_then(|at| at.parse().ok()).map(|at| texts::time(&at));
        let facts = [
            (texts::FACT_SUSPENDED_SINCE, since.as_deref()),
            (texts::FACT_SUSPENSION_REASON, suspension["reason"].as_str()),
        ];
        let facts = facts.into_iter().filter_map(|(label, value)| Some(PageFact { label, value: value? }));
        let page = SuspensionPage {
            frame: visitor.frame(visit, PortalPart::People),
            name: &shown.name,
            user_name: &shown.user_name,
            is_suspended: person.is_suspended_by_portal(),
            facts: facts.collect(),
            action: &format!("{}/{id}/suspension", visitor.people),
            token: &token,
            problem,
            cancel: &visitor.people,
        };
        pages::answer(status, &page)
    }

    /// Whether the visitor may switch this person.
    fn check(&self, person: &Object) -> Result<(), SwitchDenied> {
        let role = Shown::of_json(person.scim(), &self.visitor.policy).role;
        may_switch((&self.visitor.live.person.id, self.visitor.role), (person.name(), role))
    }

    fn is_in_directory(&self, person: &Object) -> bool {
        person.directory() == self.visit.directory.name && !person.is_deleted() && !person.is_rejected()
    }

    fn denied(&self, denied: SwitchDenied) -> VisitFailure {
        let (sentence, reason) = match denied {
            SwitchDenied::NoAdministrator => (texts::denied::PORTAL, "NoAdministrator"),
            SwitchDenied::Oneself => (texts::denied::OWN_SUSPENSION, "Oneself"),
            SwitchDenied::HigherRole => (texts::denied::HIGHER_ROLE, "HigherRole"),
        };
        self.visit.denied(sentence, reason)
    }

    fn no_such_person(&self) -> VisitFailure {
        self.visit.not_found().again(self.visitor.people.clone())
    }
}
