//! The body of an event: which kind, and its conversion.

use super::{At, FromWire};
use crate::domain::check::Refusal;
use crate::domain::event::Content;
use crate::domain::event::allocation::AllocationContent;
use crate::domain::event::care::CareContent;
use crate::domain::event::case::CaseContent;
use crate::domain::event::challenge::ChallengeContent;
use crate::domain::event::concern::ConcernContent;
use crate::domain::event::contact::ContactContent;
use crate::domain::event::court::CourtContent;
use crate::domain::event::enquiry::EnquiryContent;
use crate::domain::event::feed::FeedContent;
use crate::domain::event::involvement::InvolvementContent;
use crate::domain::event::meeting::MeetingContent;
use crate::domain::event::plan::PlanContent;
use crate::domain::event::record::RecordContent;
use crate::domain::event::referral::ReferralContent;
use crate::domain::event::registry::RegistryContent;
use crate::domain::event::review::ReviewContent;
use crate::domain::event::sharing::SharingContent;
use crate::grpc::pb::case_event::Body;

/// One exhaustive match over every kind: a kind that is added to the protobuf and not here does not
/// compile.
macro_rules! bodies {
    ($($group:ident as $kinds:ident { $($kind:ident = $field:literal,)* })*) => {
        /// Converts the one body of an event.
        pub(super) fn content(body: Body, at: &At<'_>) -> Result<Content, Refusal> {
            Ok(match body {
                $($(Body::$kind(m) => Content::$group($kinds::$kind(
                    FromWire::from_wire(m, &at.inside($field))?,
                )),)*)*
            })
        }
    };
}

bodies! {
    Case as CaseContent {
        CaseOpened = "case_opened",
        CaseClosed = "case_closed",
        PersonRecorded = "person_recorded",
        ChildBorn = "child_born",
        HouseholdMemberJoined = "household_member_joined",
        HouseholdMemberLeft = "household_member_left",
        MoveKnown = "move_known",
    }
    Referral as ReferralContent {
        ReferralReceived = "referral_received",
        ReferralAcknowledged = "referral_acknowledged",
        ReferralDecided = "referral_decided",
        ReferralFeedbackGiven = "referral_feedback_given",
    }
    Concern as ConcernContent {
        ConcernRaised = "concern_raised",
        IndicatorObserved = "indicator_observed",
        DisclosureMade = "disclosure_made",
        InjuryRecorded = "injury_recorded",
        PoliceIncident = "police_incident",
        PoliceIntelligence = "police_intelligence",
        FamilyConcernReported = "family_concern_reported",
        HealthMissed = "health_missed",
        HealthAttendance = "health_attendance",
        HealthMeasure = "health_measure",
        EducationAbsence = "education_absence",
        EducationExclusion = "education_exclusion",
        PupilLeft = "pupil_left",
        ParentalStatement = "parental_statement",
    }
    Allocation as AllocationContent {
        AllocationStarted = "allocation_started",
        AllocationEnded = "allocation_ended",
        AllocationTransferred = "allocation_transferred",
        HandoverCompleted = "handover_completed",
        UnallocatedReasonRecorded = "unallocated_reason_recorded",
        WorkerAbsent = "worker_absent",
        WorkerReturned = "worker_returned",
        SupervisionHeld = "supervision_held",
        ManagementOversight = "management_oversight",
        FileReadAttested = "file_read_attested",
        StaffingContext = "staffing_context",
    }
    Contact as ContactContent {
        VisitMade = "visit_made",
        VisitNoAccess = "visit_no_access",
        AccessToChildRefused = "access_to_child_refused",
        WorkerThreatened = "worker_threatened",
        ConsentRefused = "consent_refused",
    }
    Enquiry as EnquiryContent {
        StrategyHeld = "strategy_held",
        StrategyNotHeld = "strategy_not_held",
        S47Started = "s47_started",
        S47Ended = "s47_ended",
        AssessmentStarted = "assessment_started",
        AssessmentCompleted = "assessment_completed",
        PoliceInterviewSought = "police_interview_sought",
        PoliceInterviewDeclined = "police_interview_declined",
    }
    Meeting as MeetingContent {
        ConferenceHeld = "conference_held",
        ConferenceViewRecorded = "conference_view_recorded",
        ConferenceOutcome = "conference_outcome",
        CoreGroupHeld = "core_group_held",
        MinutesSent = "minutes_sent",
    }
    Plan as PlanContent {
        PlanStarted = "plan_started",
        PlanChanged = "plan_changed",
        PlanSteppedDown = "plan_stepped_down",
        PlanEnded = "plan_ended",
        PlanContingencySet = "plan_contingency_set",
        PlanConditionFailed = "plan_condition_failed",
        PlanAudited = "plan_audited",
        ActionAssigned = "action_assigned",
        ActionCompleted = "action_completed",
        AgreementSigned = "agreement_signed",
        AgreementItemChecked = "agreement_item_checked",
        ToolUsed = "tool_used",
    }
    Court as CourtContent {
        LegalMeetingHeld = "legal_meeting_held",
        CourtApplicationIssued = "court_application_issued",
        CourtPositionStated = "court_position_stated",
        CourtDocumentDirected = "court_document_directed",
        CourtDocumentFiled = "court_document_filed",
        CourtHearingHeld = "court_hearing_held",
        CourtJudicialRemark = "court_judicial_remark",
        CourtOrderMade = "court_order_made",
        CourtFinalOrder = "court_final_order",
        CourtWithdrawn = "court_withdrawn",
    }
    Care as CareContent {
        LookedAfterStarted = "looked_after_started",
        LookedAfterEnded = "looked_after_ended",
        MissingReported = "missing_reported",
        MissingReturned = "missing_returned",
    }
    Challenge as ChallengeContent {
        DisagreementRaised = "disagreement_raised",
        DisagreementResponded = "disagreement_responded",
        DisagreementEscalated = "disagreement_escalated",
        DisagreementResolved = "disagreement_resolved",
    }
    Sharing as SharingContent {
        ShareMade = "share_made",
        ShareAcknowledged = "share_acknowledged",
        ShareWithheld = "share_withheld",
        ShareReceiptDisputed = "share_receipt_disputed",
        InfoRequested = "info_requested",
        InfoResponded = "info_responded",
    }
    Record as RecordContent {
        EventCorrected = "event_corrected",
        EventRetracted = "event_retracted",
        EventDisputed = "event_disputed",
        MatterLinked = "matter_linked",
        MatterUnlinked = "matter_unlinked",
        IdentityLinked = "identity_linked",
        IdentityUnlinked = "identity_unlinked",
    }
    Involvement as InvolvementContent {
        InvolvementStarted = "involvement_started",
        InvolvementEnded = "involvement_ended",
    }
    Feed as FeedContent {
        FeedDeclared = "feed_declared",
        FeedInterrupted = "feed_interrupted",
        FeedResumed = "feed_resumed",
        FeedConfirmedTo = "feed_confirmed_to",
        RecordsConfirmed = "records_confirmed",
    }
    Registry as RegistryContent {
        AgencyRegistered = "agency_registered",
        PractitionerRegistered = "practitioner_registered",
    }
    Review as ReviewContent {
        ReviewCommissioned = "review_commissioned",
        IncidentKnownToLa = "incident_known_to_la",
    }
}
