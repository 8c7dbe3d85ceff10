//! The switch that suspends a person, or lifts the suspension: a page that asks, and the form that does it.

use axum::extract::State;
use http::StatusCode;

use super::Portal;
use super::open::Visit;
use super::person::Shown;
use crate::api::Object;
use crate::http::edge::Answer;
use crate::http::page;
use crate::login::audit;
use crate::pages::{self, PageFact, Place, SuspensionPage, texts};
use crate::rules::portal::{MAX_REASON, SwitchDenied, lifted, may_switch, suspended};
use crate::store::Error;
use crate::store::kind::Kind;

/// What became of the switch.
enum Switched {
    /// It stands as was asked for.
    Done { is_news: bool },
    /// The visitor may not.
    Denied(SwitchDenied),
    /// There is no such person in the Directory.
    NoSuchPerson,
}

/// The page that asks.
pub(super) async fn ask(State(portal): State<Portal>, visit: Visit) -> Result<Answer, Answer> {
    visit.require_administrator()?;
    let person = read(&portal, &visit).await?;
    visit.check(&person).map_err(|denied| visit.switch_denied(denied))?;
    Ok(question(&portal, &visit, &person, None, StatusCode::OK))
}

/// The form.
pub(super) async fn switch(State(portal): State<Portal>, visit: Visit) -> Result<Answer, Answer> {
    visit.require_administrator()?;
    let not_ours = |visit: &Visit| {
        let again = Some(visit.places.people.as_str());
        page::error(StatusCode::FORBIDDEN, Some(&visit.directory), texts::error::FORM, &visit.note, again)
    };
    let form = visit.form.as_ref().map_err(|_| not_ours(&visit))?;
    let owner = visit.live.session.id_text();
    if !portal.logins.is_form_valid(&visit.directory, &owner, form.token(), visit.now) {
        return Err(not_ours(&visit));
    }
    let is_suspension = match form.field("suspended") {
        "true" => true,
        "false" => false,
        _ => return Err(not_ours(&visit)),
    };
    let reason: String = form.field("reason").trim().to_owned();
    if reason.chars().count() > MAX_REASON {
        let person = read(&portal, &visit).await?;
        let problem = Some(texts::REASON_TOO_LONG);
        return Err(question(&portal, &visit, &person, problem, StatusCode::UNPROCESSABLE_ENTITY));
    }
    match write(&portal, &visit, is_suspension, &reason).await {
        Ok(Switched::Done { is_news }) => {
            if is_news {
                audit::switched(&visit.directory, &visit.id, &visit.live.person.id, is_suspension);
            }
            Ok(page::see_other(&visit.places.people))
        }
        Ok(Switched::Denied(denied)) => Err(visit.switch_denied(denied)),
        Ok(Switched::NoSuchPerson) => Err(visit.no_such_person()),
        Err(Error::Conflict) => {
            let person = read(&portal, &visit).await?;
            Err(question(&portal, &visit, &person, Some(texts::CHANGED_MEANWHILE), StatusCode::CONFLICT))
        }
        Err(_) => Err(visit.stale()),
    }
}

/// Writes what was asked for. Whether the visitor may is decided on the object that is written, not on what the page showed.
async fn write(portal: &Portal, visit: &Visit, is_suspension: bool, reason: &str) -> Result<Switched, Error> {
    let mut switched = Switched::NoSuchPerson;
    let edit = |person: &Object| {
        if !visit.is_in_directory(person) {
            return None;
        }
        if let Err(denied) = visit.check(person) {
            switched = Switched::Denied(denied);
            return None;
        }
        let edited =
            if is_suspension { suspended(person, &visit.live.person.id, reason, visit.now) } else { lifted(person) };
        switched = Switched::Done { is_news: edited.is_some() };
        edited
    };
    let is_written = portal.logins.store().edit(Kind::USER, &visit.directory.namespace, &visit.id, edit).await?;
    match switched {
        Switched::Done { is_news: true } if !is_written => Err(Error::Conflict),
        switched => Ok(switched),
    }
}

/// The person of the URL, read live.
async fn read(portal: &Portal, visit: &Visit) -> Result<Object, Answer> {
    match portal.logins.store().objects().get(Kind::USER, &visit.directory.namespace, &visit.id).await {
        Ok(person) if visit.is_in_directory(&person) => Ok(person),
        Ok(_) | Err(Error::NotFound) => Err(visit.no_such_person()),
        Err(_) => Err(visit.stale()),
    }
}

fn question(portal: &Portal, visit: &Visit, person: &Object, problem: Option<&str>, status: StatusCode) -> Answer {
    let owner = visit.live.session.id_text();
    let Some(token) = portal.logins.form_token(&visit.directory, &owner, visit.now) else { return visit.stale() };
    let shown = Shown::of_json(person.scim(), &visit.policy);
    let suspension = person.portal_suspension();
    let since = suspension["at"].as_str().and_then(|at| at.parse().ok()).map(|at| texts::time(&at));
    let reason = suspension["reason"].as_str();
    let facts = [(texts::FACT_SUSPENDED_SINCE, since.as_deref()), (texts::FACT_SUSPENSION_REASON, reason)].into_iter();
    let page = SuspensionPage {
        frame: visit.frame(Place::People),
        name: &shown.name,
        user_name: &shown.user_name,
        is_suspended: person.is_suspended_by_portal(),
        facts: facts.filter_map(|(label, value)| Some(PageFact { label, value: value? })).collect(),
        action: &format!("{}/{}/suspension", visit.places.people, visit.id),
        token: &token,
        problem,
        cancel: &visit.places.people,
    };
    pages::answer(status, &page)
}

impl Visit {
    /// Whether the visitor may switch this person.
    fn check(&self, person: &Object) -> Result<(), SwitchDenied> {
        let role = Shown::of_json(person.scim(), &self.policy).role;
        may_switch((&self.live.person.id, self.role), (person.name(), role))
    }

    fn is_in_directory(&self, person: &Object) -> bool {
        person.directory() == self.directory.name && !person.is_deleted() && !person.is_rejected()
    }

    fn switch_denied(&self, denied: SwitchDenied) -> Answer {
        let reason = match denied {
            SwitchDenied::NoAdministrator => texts::denied::PORTAL,
            SwitchDenied::Oneself => texts::denied::OWN_SUSPENSION,
            SwitchDenied::HigherRole => texts::denied::HIGHER_ROLE,
        };
        page::denied(&self.directory, reason, &self.note, None)
    }

    fn no_such_person(&self) -> Answer {
        let again = Some(self.places.people.as_str());
        page::error(StatusCode::NOT_FOUND, Some(&self.directory), texts::error::NOT_FOUND, &self.note, again)
    }
}
