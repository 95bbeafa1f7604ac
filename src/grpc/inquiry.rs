//! `InquiryService`: questions about a case, answered by the pure projections over a cut of it.
//!
//! The service pins the head and cuts; the projections answer; the modules below only put answers into messages.

mod allocation;
mod case;
mod entries;
mod knowledge;
mod parts;
mod sharing;

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::domain::event::Role;
use crate::domain::id::AgencyId;
use crate::projection::need::Case;
use crate::rules::pack::Pack;
use crate::service::Service;
use crate::service::error::Refused;
use crate::service::inquiry::{Asked, Question};
use crate::service::limits;

use self::allocation::Wanted;
use self::parts::{Names, question};
use super::auth::time_left;
use super::pb;
use super::pb::inquiry_service_server::InquiryService;
use super::status::{bad_field, in_words, status};

/// The handlers.
pub struct Inquiry {
    service: Arc<Service>,
}

impl Inquiry {
    /// Over an open ledger.
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    /// Cuts the case as asked, then answers on a thread for blocking work, all within the call's time.
    async fn answer<T: Send + 'static>(
        &self,
        within: std::time::Duration,
        case_id: &str,
        as_at: Option<&pb::AsAt>,
        answer: impl FnOnce(&Asked, &Names, &'static Pack) -> T + Send + 'static,
    ) -> Result<Response<T>, Status> {
        self.answer_to(within, question(case_id, as_at)?, answer)
            .await
    }

    async fn answer_to<T: Send + 'static>(
        &self,
        within: std::time::Duration,
        question: Question,
        answer: impl FnOnce(&Asked, &Names, &'static Pack) -> T + Send + 'static,
    ) -> Result<Response<T>, Status> {
        let names = Names::of(&self.service.registry());
        let work = async {
            let asked = self.service.ask(question).await?;
            let answer = move || (answer(&asked, &names, Pack::england()), asked);
            let done = tokio::task::spawn_blocking(answer).await;
            let done = done.map(|(answer, asked)| {
                // Many small pieces of memory: nobody need wait until they are given back.
                drop(tokio::task::spawn_blocking(move || drop(asked)));
                answer
            });
            done.map_err(|_stopped| Refused::Unanswerable("the answer broke off".to_owned()))
        };
        match tokio::time::timeout(within, work).await {
            Ok(answer) => answer
                .map(Response::new)
                .map_err(|refused| status(&refused)),
            Err(_elapsed) => Err(in_words(
                &Refused::DeadlinePassed,
                "the deadline passed before the answer; ask again with a longer one",
            )),
        }
    }
}

/// Longest gap that a question may ask to leave out, in working days: some fourteen years.
const MIN_GAP_MOST: u32 = 3_660;

/// The agency that a field names, and the field.
fn agency(field: String, text: &str) -> Result<(String, AgencyId), Status> {
    match text.parse() {
        Ok(agency) => Ok((field, agency)),
        Err(error) => Err(bad_field(&field, &format!("{error}"))),
    }
}

/// What an allocation question says beside case and moment.
///
/// # Errors
/// `INVALID_ARGUMENT` naming the field.
fn wanted(asked: &pb::AllocationQuestion) -> Result<Wanted, Status> {
    let mut roles = Vec::new();
    for (place, code) in asked.roles.iter().enumerate() {
        let role = Role::from_code(*code);
        if matches!(role, Role::NotStated | Role::Unknown(_)) {
            let reason = "is no role that this version knows; leave the list empty for all";
            return Err(bad_field(&format!("roles[{place}]"), reason));
        }
        roles.push(role);
    }
    let agency = match asked.agency.as_str() {
        "" => None,
        text => {
            let read = text.parse::<AgencyId>();
            Some(read.map_err(|error| bad_field("agency", &error.to_string()))?)
        }
    };
    if asked
        .min_gap_working_days
        .is_some_and(|days| days > MIN_GAP_MOST)
    {
        let reason = format!("is above {MIN_GAP_MOST}; leave it out for the rule pack's figures");
        return Err(bad_field("min_gap_working_days", &reason));
    }
    Ok(Wanted {
        roles,
        agency,
        window: parts::window(&asked.window_from, &asked.window_to)?,
        min_gap: asked.min_gap_working_days,
    })
}

#[tonic::async_trait]
impl InquiryService for Inquiry {
    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        let pb::ListCasesRequest {
            page_size,
            page_token,
        } = request.into_inner();
        let wanted = usize::try_from(page_size).unwrap_or(limits::PAGE_MAX);
        let size = if wanted == 0 {
            limits::PAGE_DEFAULT
        } else {
            wanted.min(limits::PAGE_MAX)
        };
        let from: usize = match page_token.as_str() {
            "" => 0,
            token => token
                .parse()
                .map_err(|_other| bad_field("page_token", "is not one that this server gave"))?,
        };
        let rows = self.service.cases(from, size.saturating_add(1)).await;
        let rows = rows.map_err(|refused| status(&refused))?;
        let more = rows.len() > size;
        let next = if more {
            from.saturating_add(size).to_string()
        } else {
            String::new()
        };
        let cases = rows.iter().take(size).map(case::row).collect();
        Ok(Response::new(pb::ListCasesResponse {
            cases,
            next_page_token: next,
        }))
    }

    async fn show_case(
        &self,
        request: Request<pb::CaseQuestion>,
    ) -> Result<Response<pb::CaseAnswer>, Status> {
        let within = time_left(&request)?;
        let pb::CaseQuestion { case_id, as_at } = request.into_inner();
        self.answer(within, &case_id, as_at.as_ref(), case::show)
            .await
    }

    async fn allocation(
        &self,
        request: Request<pb::AllocationQuestion>,
    ) -> Result<Response<pb::AllocationAnswer>, Status> {
        let within = time_left(&request)?;
        let asked = request.into_inner();
        let wanted = wanted(&asked)?;
        let mut question = question(&asked.case_id, asked.as_at.as_ref())?;
        if let Some(agency) = &wanted.agency {
            question.agencies = vec![("agency".to_owned(), agency.clone())];
        }
        let answer = move |cut: &Asked, names: &Names, pack: &'static Pack| {
            allocation::answer(cut, names, pack, &wanted)
        };
        self.answer_to(within, question, answer).await
    }

    async fn knowledge(
        &self,
        request: Request<pb::KnowledgeQuestion>,
    ) -> Result<Response<pb::KnowledgeAnswer>, Status> {
        let within = time_left(&request)?;
        let asked = request.into_inner();
        let mut question = question(&asked.case_id, asked.as_at.as_ref())?;
        let named = asked.agencies.iter().enumerate();
        let named = named.map(|(place, text)| agency(format!("agencies[{place}]"), text));
        question.agencies = named.collect::<Result<_, _>>()?;
        let answer = move |cut: &Asked, names: &Names, pack: &'static Pack| {
            knowledge::answer(cut, names, (pack, &asked))
        };
        self.answer_to(within, question, answer).await
    }

    async fn sharing(
        &self,
        request: Request<pb::SharingQuestion>,
    ) -> Result<Response<pb::SharingAnswer>, Status> {
        let within = time_left(&request)?;
        let asked = request.into_inner();
        let mut question = question(&asked.case_id, asked.as_at.as_ref())?;
        if !asked.needing.is_empty() {
            question.agencies = vec![agency("needing".to_owned(), &asked.needing)?];
        }
        let answer = move |cut: &Asked, _names: &Names, pack: &'static Pack| {
            sharing::answer(&Case::of(&cut.cut, pack), cut, pack, &asked)
        };
        self.answer_to(within, question, answer).await
    }

    async fn at(
        &self,
        request: Request<pb::CaseQuestion>,
    ) -> Result<Response<pb::AtAnswer>, Status> {
        let within = time_left(&request)?;
        let pb::CaseQuestion { case_id, as_at } = request.into_inner();
        self.answer(within, &case_id, as_at.as_ref(), case::at)
            .await
    }
}
