//! What each entry shows about who knew what: the rules of `semantics.md` 6.2, one function a row.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "picks the kinds of event that a rule is about; every other kind says nothing here"
)]

use crate::domain::event::allocation::{AllocationContent, HandoverCompleted};
use crate::domain::event::concern::ConcernContent;
use crate::domain::event::contact::ContactContent;
use crate::domain::event::enquiry::EnquiryContent;
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::sharing::{AcknowledgementKind, ShareAcknowledged, SharingContent};
use crate::domain::event::{AssertionKind, CaseEvent, Channel, Content, EntryRef, Recipient};
use crate::domain::id::{AgencyId, Practitioner, StaffId};
use crate::projection::clock;

use super::fact::{Effect, Grade, How, StatementId};
use super::meeting;
use super::proofs::{Proofs, Telling};
use super::view::{Seen, View};

/// Everything that the statements of the view show directly. Reading of files comes after, since it
/// rests on what stands on the agency's record.
pub(super) fn gather(view: &View<'_>) -> Proofs {
    let mut proofs = Proofs::default();
    for seen in view.statements() {
        author(view, seen, &mut proofs);
        if seen.void {
            continue;
        }
        told(view, seen, &mut proofs);
        match &seen.event.content {
            Content::Sharing(sharing) => self::sharing(view, seen, sharing, &mut proofs),
            Content::Referral(referral) => self::referral(view, seen, referral, &mut proofs),
            Content::Enquiry(_) | Content::Meeting(_) | Content::Court(_) => {
                meeting::gather(view, seen, &mut proofs);
                used(view, seen, &mut proofs);
            }
            Content::Allocation(AllocationContent::HandoverCompleted(handover)) => {
                self::handover(view, seen, handover, &mut proofs);
            }
            Content::Allocation(_)
            | Content::Case(_)
            | Content::Concern(_)
            | Content::Contact(_)
            | Content::Plan(_)
            | Content::Care(_)
            | Content::Challenge(_)
            | Content::Record(_)
            | Content::Involvement(_)
            | Content::Feed(_)
            | Content::Registry(_)
            | Content::Review(_)
            | Content::Unrecognised(_) => {}
        }
    }
    for dispute in view.disputes() {
        proofs.dispute(dispute.by, dispute.share, dispute.position);
    }
    proofs
}

/// A telling that rests on one entry alone, as its author's own record.
pub(super) fn own_telling(view: &View<'_>, seen: &Seen<'_>, how: How) -> Telling {
    Telling {
        effect: Effect::Knows,
        at: seen.occurred(),
        floor: seen.kappa,
        how,
        grade: Grade::OwnRecord,
        promptness: view.promptness(seen),
        own_date: true,
        on_file: true,
        carrier: Some(seen.id),
        evidence: seen.evidence.clone(),
    }
}

fn author(view: &View<'_>, seen: &Seen<'_>, proofs: &mut Proofs) {
    let telling = Telling {
        at: seen.author_since(),
        carrier: None,
        ..own_telling(view, seen, How::Author)
    };
    let me = (seen.id, seen.kappa);
    proofs.tell((seen.agency, None), me, &telling);
    for staff in hands(seen.envelope) {
        let person = Practitioner {
            agency: seen.agency.clone(),
            staff: staff.clone(),
        };
        proofs.tell_person(&person, me, &telling);
    }
}

/// Members of the author's staff who did, saw or were told it: actor and observer.
fn hands(event: &CaseEvent) -> Vec<&StaffId> {
    let observer = match &event.content {
        Content::Concern(ConcernContent::DisclosureMade(made)) => made.to.as_ref(),
        Content::Contact(ContactContent::VisitMade(visit)) => visit.worker.as_ref(),
        Content::Contact(ContactContent::VisitNoAccess(visit)) => visit.worker.as_ref(),
        Content::Contact(ContactContent::WorkerThreatened(threat)) => threat.worker.as_ref(),
        Content::Contact(ContactContent::AccessToChildRefused(asked)) => asked.asked_by.as_ref(),
        Content::Sharing(SharingContent::ShareAcknowledged(ack)) => ack.staff.as_ref(),
        Content::Allocation(AllocationContent::HandoverCompleted(handover)) => Some(&handover.from),
        Content::Allocation(AllocationContent::FileReadAttested(read)) => Some(&read.worker),
        _ => None,
    };
    let mut hands: Vec<&StaffId> = event
        .actor
        .iter()
        .map(|actor| &actor.staff)
        .chain(observer)
        .collect();
    hands.sort();
    hands.dedup();
    hands
}

/// Who was told when it was recorded. Spoken: they knew, on the teller's word. Otherwise: sent.
fn told(view: &View<'_>, seen: &Seen<'_>, proofs: &mut Proofs) {
    for told in &seen.envelope.told {
        let at = if told.when.is_unknown() {
            seen.occurred()
        } else {
            told.when.resolve(seen.root.appended)
        };
        let inside = told.agency == *seen.agency;
        let spoken = told.channel.is_synchronous();
        let telling = Telling {
            at,
            effect: if spoken { Effect::Knows } else { Effect::Sent },
            grade: if inside {
                Grade::OwnRecord
            } else {
                Grade::SenderOnly
            },
            own_date: inside,
            on_file: inside,
            ..own_telling(view, seen, How::Told)
        };
        proofs.tell(
            (&told.agency, told.staff.as_ref()),
            (seen.id, seen.kappa),
            &telling,
        );
    }
}

fn sharing(view: &View<'_>, seen: &Seen<'_>, content: &SharingContent, proofs: &mut Proofs) {
    match content {
        SharingContent::ShareMade(share) => {
            let sender = share.from.as_ref().unwrap_or(seen.agency);
            if sender != seen.agency {
                let telling = Telling {
                    grade: Grade::ThirdPartyAfterwards,
                    own_date: false,
                    on_file: false,
                    ..own_telling(view, seen, How::SharedSpoken)
                };
                proofs.tell((sender, None), (seen.id, seen.kappa), &telling);
            }
            let items = with_itself(view, seen, &share.items);
            for to in &share.to {
                hand_on(view, seen, (sender, to, share.channel), &items, proofs);
            }
        }
        SharingContent::InfoResponded(answer) => {
            let items = with_itself(view, seen, &answer.items);
            let to = Recipient {
                agency: answer.to.clone(),
                staff: None,
            };
            hand_on(
                view,
                seen,
                (seen.agency, &to, Channel::NotStated),
                &items,
                proofs,
            );
        }
        SharingContent::InfoRequested(request) => {
            let to = Recipient {
                agency: request.to.clone(),
                staff: None,
            };
            hand_on(
                view,
                seen,
                (seen.agency, &to, Channel::NotStated),
                &[seen.id],
                proofs,
            );
        }
        SharingContent::ShareAcknowledged(ack) => acknowledged(view, seen, ack, proofs),
        SharingContent::ShareWithheld(_) | SharingContent::ShareReceiptDisputed(_) => {}
    }
}

/// What a receipt shows: a person's that its items were taken note of, a machine's only that they arrived.
fn acknowledged(view: &View<'_>, seen: &Seen<'_>, ack: &ShareAcknowledged, proofs: &mut Proofs) {
    let Some(share) = view.resolve(&ack.share) else {
        return;
    };
    let mut items = view.carried(share);
    if !ack.items.is_empty() {
        items = with_itself(view, seen, &ack.items);
        items.push(share);
    }
    items.push(seen.id);
    let person = ack.by != AcknowledgementKind::Automatic;
    let how = if person {
        How::Acknowledged
    } else {
        How::Delivered
    };
    let mut telling = own_telling(view, seen, how);
    telling.carrier = Some(share);
    if !person {
        telling.grade = Grade::Delivered;
    }
    view.rest_on(share, &mut telling);
    let staff = ack
        .staff
        .as_ref()
        .or(seen.event.actor.as_ref().map(|actor| &actor.staff));
    let to = (seen.agency, staff.filter(|_| person));
    lay(view, to, &items, &telling, proofs);
    lay_meeting(view, to, share, telling, proofs);
}

/// One recipient of one share, by the word of sender, receiver or a third party.
fn hand_on(
    view: &View<'_>,
    seen: &Seen<'_>,
    (sender, to, channel): (&AgencyId, &Recipient, Channel),
    items: &[StatementId],
    proofs: &mut Proofs,
) {
    let spoken = channel.is_synchronous();
    let by_receiver = to.agency == *seen.agency;
    let grade = if by_receiver {
        Grade::OwnRecord
    } else if sender == seen.agency {
        Grade::SenderOnly
    } else if seen.event.assertion == AssertionKind::Observation
        && clock::is_own_observation(seen.event, seen.agency)
    {
        Grade::ThirdPartyPresent
    } else {
        Grade::ThirdPartyAfterwards
    };
    let telling = Telling {
        effect: if spoken || by_receiver {
            Effect::Knows
        } else {
            Effect::Sent
        },
        grade,
        own_date: by_receiver,
        on_file: by_receiver,
        ..own_telling(
            view,
            seen,
            if spoken {
                How::SharedSpoken
            } else {
                How::SharedWritten
            },
        )
    };
    lay(
        view,
        (&to.agency, to.staff.as_ref()),
        items,
        &telling,
        proofs,
    );
}

/// Lays one telling on each item.
pub(super) fn lay(
    view: &View<'_>,
    to: (&AgencyId, Option<&StaffId>),
    items: &[StatementId],
    telling: &Telling,
    proofs: &mut Proofs,
) {
    for item in items {
        if let Some(item) = view.get(*item) {
            proofs.tell(to, (item.id, item.kappa), telling);
        }
    }
}

/// Lays on what minutes bring by the meeting's own record, which they then rest on too.
pub(super) fn lay_meeting(
    view: &View<'_>,
    to: (&AgencyId, Option<&StaffId>),
    minutes: StatementId,
    mut telling: Telling,
    proofs: &mut Proofs,
) {
    if let Some(meeting) = view.meeting_of(minutes) {
        view.rest_on(meeting, &mut telling);
        lay(
            view,
            to,
            &view.carried_by_meeting(minutes),
            &telling,
            proofs,
        );
    }
}

/// The entries referred to that are in the view, and the entry itself: who learns by a share knows
/// the share.
pub(super) fn with_itself(
    view: &View<'_>,
    seen: &Seen<'_>,
    items: &[EntryRef],
) -> Vec<StatementId> {
    let mut found: Vec<StatementId> = items.iter().filter_map(|item| view.resolve(item)).collect();
    found.push(seen.id);
    found.sort_unstable();
    found.dedup();
    found
}

fn referral(view: &View<'_>, seen: &Seen<'_>, content: &ReferralContent, proofs: &mut Proofs) {
    match content {
        ReferralContent::ReferralReceived(received) => {
            let items = with_itself(view, seen, &received.about);
            let telling = own_telling(view, seen, How::Referral);
            lay(view, (seen.agency, None), &items, &telling, proofs);
        }
        ReferralContent::ReferralFeedbackGiven(feedback) => {
            let referral = feedback.referral.as_slice();
            let mut items = with_itself(view, seen, referral);
            items.extend(view.decisions_on(feedback.referral.as_ref(), seen.agency));
            let to = Recipient {
                agency: feedback.to.clone(),
                staff: None,
            };
            hand_on(
                view,
                seen,
                (seen.agency, &to, feedback.channel),
                &items,
                proofs,
            );
        }
        ReferralContent::ReferralAcknowledged(ack) => {
            if let Some(agency) = &ack.to {
                let to = Recipient {
                    agency: agency.clone(),
                    staff: None,
                };
                hand_on(
                    view,
                    seen,
                    (seen.agency, &to, Channel::NotStated),
                    &[seen.id],
                    proofs,
                );
            }
        }
        ReferralContent::ReferralDecided(decided) => {
            let items = with_itself(view, seen, &decided.information_seen);
            let telling = own_telling(view, seen, How::Used);
            lay(view, (seen.agency, None), &items, &telling, proofs);
        }
    }
}

/// Entries that the author's own record says it used: it had them by then.
fn used(view: &View<'_>, seen: &Seen<'_>, proofs: &mut Proofs) {
    let refs: &[EntryRef] = match &seen.event.content {
        Content::Enquiry(EnquiryContent::AssessmentCompleted(done)) => &done.items,
        Content::Enquiry(EnquiryContent::S47Started(started)) => &started.about,
        Content::Enquiry(EnquiryContent::StrategyNotHeld(not_held)) => &not_held.about,
        _ => return,
    };
    let items: Vec<StatementId> = refs.iter().filter_map(|item| view.resolve(item)).collect();
    let telling = own_telling(view, seen, How::Used);
    lay(view, (seen.agency, None), &items, &telling, proofs);
}

/// A handover gives its receiver the items and open actions it lists, and itself.
fn handover(view: &View<'_>, seen: &Seen<'_>, handover: &HandoverCompleted, proofs: &mut Proofs) {
    let mut refs = handover.items.clone();
    refs.extend(handover.open_actions.iter().cloned());
    let items = with_itself(view, seen, &refs);
    let telling = Telling {
        own_date: false,
        ..own_telling(view, seen, How::Handover)
    };
    lay(
        view,
        (seen.agency, Some(&handover.to)),
        &items,
        &telling,
        proofs,
    );
}
