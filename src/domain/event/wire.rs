//! Field numbers of an event on the wire: which may occur once, and which often.
//!
//! The ledger commits to fields without knowing their meaning; it, and a verifier without the
//! protobuf, need only these numbers. A pair is (body number, or 0 for the envelope; field number).
//! A test compares the tables with the descriptor.

use std::sync::LazyLock;

/// The fields that occur at most once.
#[rustfmt::skip]
pub const SINGULAR_FIELDS: &[(u32, u32)] = &[
    (0, 1), (0, 3), (0, 4), (0, 5), (0, 6), (0, 7), (0, 8), (0, 9), (0, 10), (0, 11), (0, 12), (0, 13), (0, 14), (0, 17), (0, 20), (0, 21), (0, 22), (0, 23), (0, 24), (0, 25),
    (100, 1),
    (101, 1), (101, 2), (101, 3),
    (102, 1), (102, 2), (102, 3), (102, 4),
    (103, 1), (103, 2),
    (104, 1), (104, 2), (104, 3), (104, 4), (104, 5),
    (105, 1), (105, 2),
    (106, 2), (106, 3),
    (120, 1), (120, 2), (120, 4),
    (121, 1), (121, 2),
    (122, 1), (122, 2), (122, 3), (122, 4),
    (123, 1), (123, 2), (123, 3),
    (140, 1), (140, 2),
    (141, 1), (141, 2),
    (142, 1), (142, 2), (142, 3), (142, 4), (142, 5), (142, 6),
    (143, 1), (143, 2), (143, 3),
    (144, 1), (144, 2), (144, 3),
    (145, 1), (145, 2), (145, 3),
    (146, 1), (146, 2), (146, 3),
    (147, 1), (147, 2), (147, 3),
    (148, 1), (148, 2), (148, 3),
    (149, 1), (149, 2), (149, 3),
    (150, 1), (150, 2), (150, 3), (150, 4),
    (151, 1), (151, 2), (151, 3),
    (152, 1), (152, 2),
    (153, 1), (153, 2), (153, 3), (153, 4),
    (160, 1), (160, 2), (160, 3), (160, 4), (160, 5), (160, 6), (160, 7), (160, 8), (160, 9), (160, 10),
    (161, 1), (161, 2), (161, 3), (161, 4), (161, 5), (161, 6),
    (162, 1), (162, 2), (162, 3), (162, 4), (162, 5), (162, 6), (162, 7), (162, 8), (162, 9),
    (163, 1), (163, 2), (163, 3), (163, 7), (163, 8),
    (164, 1), (164, 2), (164, 3), (164, 4),
    (165, 1), (165, 2), (165, 3), (165, 4), (165, 5),
    (166, 1),
    (167, 1), (167, 2), (167, 4),
    (168, 1), (168, 2), (168, 3),
    (169, 1), (169, 2), (169, 3),
    (170, 1), (170, 2), (170, 3), (170, 4), (170, 5), (170, 6),
    (180, 1), (180, 2), (180, 3), (180, 4), (180, 6), (180, 7),
    (181, 1), (181, 2), (181, 3), (181, 4), (181, 5),
    (182, 1), (182, 2), (182, 3),
    (183, 1), (183, 2), (183, 3),
    (184, 1), (184, 2), (184, 3), (184, 4),
    (200, 4), (200, 5),
    (201, 1), (201, 2),
    (202, 1),
    (203, 1), (203, 2), (203, 3), (203, 4),
    (204, 1),
    (205, 1), (205, 2), (205, 3), (205, 7),
    (206, 1), (206, 2), (206, 3),
    (207, 1), (207, 2), (207, 3),
    (220, 1), (220, 2), (220, 5), (220, 6), (220, 7),
    (221, 1), (221, 2), (221, 3), (221, 4), (221, 5),
    (222, 1), (222, 2), (222, 3), (222, 4), (222, 5),
    (223, 3),
    (224, 1), (224, 3),
    (240, 1), (240, 2), (240, 6),
    (241, 1), (241, 2), (241, 5),
    (242, 1), (242, 2), (242, 4),
    (243, 1), (243, 3),
    (244, 1), (244, 2), (244, 3), (244, 4),
    (245, 1), (245, 2), (245, 3),
    (246, 1), (246, 2), (246, 3),
    (247, 1), (247, 2), (247, 3), (247, 4),
    (248, 1), (248, 2),
    (250, 1), (250, 2), (250, 3), (250, 4),
    (251, 1), (251, 2),
    (260, 1), (260, 2),
    (261, 1),
    (262, 1), (262, 2), (262, 3), (262, 4),
    (263, 1), (263, 2), (263, 3),
    (264, 1), (264, 2), (264, 3),
    (265, 1), (265, 2), (265, 3), (265, 4),
    (266, 1), (266, 2), (266, 3),
    (267, 1), (267, 3),
    (268, 1), (268, 2),
    (269, 1),
    (300, 1), (300, 2),
    (301, 1), (301, 2),
    (302, 1), (302, 2),
    (303, 1), (303, 2),
    (340, 1), (340, 2), (340, 3), (340, 4), (340, 5),
    (341, 1), (341, 2), (341, 3), (341, 4),
    (342, 1), (342, 2), (342, 3),
    (343, 1), (343, 2),
    (360, 3), (360, 4), (360, 5), (360, 6),
    (361, 1), (361, 2), (361, 3),
    (362, 1), (362, 2), (362, 3), (362, 4), (362, 5), (362, 6),
    (363, 1), (363, 2),
    (364, 1), (364, 2), (364, 4),
    (365, 1), (365, 2), (365, 4), (365, 5),
    (380, 1), (380, 2), (380, 3), (380, 4),
    (381, 1), (381, 2), (381, 3),
    (382, 1), (382, 2), (382, 3),
    (383, 1), (383, 2),
    (384, 1), (384, 2),
    (385, 1), (385, 2), (385, 3), (385, 4), (385, 5), (385, 6),
    (386, 1), (386, 2), (386, 3), (386, 4), (386, 5),
    (400, 1), (400, 2),
    (401, 1), (401, 2), (401, 3),
    (420, 1), (420, 4),
    (421, 1),
    (422, 1),
    (423, 1), (423, 3),
    (424, 1), (424, 4), (424, 5), (424, 6),
    (440, 1), (440, 2), (440, 3), (440, 4),
    (441, 1), (441, 2), (441, 3), (441, 4),
    (460, 1), (460, 2), (460, 3),
    (461, 1),
];

/// The fields that may occur many times.
#[rustfmt::skip]
pub const REPEATED_FIELDS: &[(u32, u32)] = &[
    (0, 2), (0, 15), (0, 16),
    (106, 1),
    (120, 3),
    (122, 5),
    (153, 5),
    (163, 4), (163, 5), (163, 6),
    (167, 3),
    (169, 4),
    (180, 5),
    (200, 1), (200, 2), (200, 3),
    (201, 3),
    (202, 2),
    (205, 4), (205, 5), (205, 6),
    (220, 3), (220, 4),
    (223, 1), (223, 2),
    (224, 2), (224, 4),
    (240, 3), (240, 4), (240, 5),
    (241, 3), (241, 4),
    (242, 3),
    (243, 2),
    (249, 1), (249, 2),
    (260, 3),
    (261, 2), (261, 3),
    (267, 2),
    (360, 1), (360, 2),
    (361, 4),
    (364, 3),
    (365, 3),
    (420, 2), (420, 3),
    (421, 2),
    (422, 2),
    (423, 2),
    (424, 2), (424, 3),
];

/// The numbers of the bodies that this program knows, with the names of their kinds.
#[rustfmt::skip]
pub const BODIES: &[(u32, &str)] = &[
    (100, "case.opened"),
    (101, "case.closed"),
    (102, "person.recorded"),
    (103, "child.born"),
    (104, "household.member_joined"),
    (105, "household.member_left"),
    (106, "move.known"),
    (120, "referral.received"),
    (121, "referral.acknowledged"),
    (122, "referral.decided"),
    (123, "referral.feedback_given"),
    (140, "concern.raised"),
    (141, "indicator.observed"),
    (142, "disclosure.made"),
    (143, "injury.recorded"),
    (144, "police.incident"),
    (145, "police.intelligence"),
    (146, "family.concern_reported"),
    (147, "health.missed"),
    (148, "health.attendance"),
    (149, "health.measure"),
    (150, "education.absence"),
    (151, "education.exclusion"),
    (152, "pupil.left"),
    (153, "parental.statement"),
    (160, "allocation.started"),
    (161, "allocation.ended"),
    (162, "allocation.transferred"),
    (163, "handover.completed"),
    (164, "unallocated.reason_recorded"),
    (165, "worker.absent"),
    (166, "worker.returned"),
    (167, "supervision.held"),
    (168, "management.oversight"),
    (169, "file.read_attested"),
    (170, "staffing.context"),
    (180, "visit.made"),
    (181, "visit.no_access"),
    (182, "access_to_child.refused"),
    (183, "worker.threatened"),
    (184, "consent.refused"),
    (200, "strategy.held"),
    (201, "strategy.not_held"),
    (202, "s47.started"),
    (203, "s47.ended"),
    (204, "assessment.started"),
    (205, "assessment.completed"),
    (206, "police.interview_sought"),
    (207, "police.interview_declined"),
    (220, "conference.held"),
    (221, "conference.view_recorded"),
    (222, "conference.outcome"),
    (223, "core_group.held"),
    (224, "minutes.sent"),
    (240, "plan.started"),
    (241, "plan.changed"),
    (242, "plan.stepped_down"),
    (243, "plan.ended"),
    (244, "plan.contingency_set"),
    (245, "plan.condition_failed"),
    (246, "plan.audited"),
    (247, "action.assigned"),
    (248, "action.completed"),
    (249, "agreement.signed"),
    (250, "agreement.item_checked"),
    (251, "tool.used"),
    (260, "legal_meeting.held"),
    (261, "court.application_issued"),
    (262, "court.position_stated"),
    (263, "court.document_directed"),
    (264, "court.document_filed"),
    (265, "court.hearing_held"),
    (266, "court.judicial_remark"),
    (267, "court.order_made"),
    (268, "court.final_order"),
    (269, "court.withdrawn"),
    (300, "looked_after.started"),
    (301, "looked_after.ended"),
    (302, "missing.reported"),
    (303, "missing.returned"),
    (340, "disagreement.raised"),
    (341, "disagreement.responded"),
    (342, "disagreement.escalated"),
    (343, "disagreement.resolved"),
    (360, "share.made"),
    (361, "share.acknowledged"),
    (362, "share.withheld"),
    (363, "share.receipt_disputed"),
    (364, "info.requested"),
    (365, "info.responded"),
    (380, "event.corrected"),
    (381, "event.retracted"),
    (382, "event.disputed"),
    (383, "matter.linked"),
    (384, "matter.unlinked"),
    (385, "identity.linked"),
    (386, "identity.unlinked"),
    (400, "involvement.started"),
    (401, "involvement.ended"),
    (420, "feed.declared"),
    (421, "feed.interrupted"),
    (422, "feed.resumed"),
    (423, "feed.confirmed_to"),
    (424, "records.confirmed"),
    (440, "agency.registered"),
    (441, "practitioner.registered"),
    (460, "review.commissioned"),
    (461, "incident.known_to_la"),
];

/// Whether the number is a body's: the ledger opens such a record one level.
pub fn is_body(number: u32) -> bool {
    (100..=999).contains(&number)
}

/// Where an event holds another: the field `corrected` of `event.corrected`.
pub const CORRECTED: (u32, u32) = (380, 4);

/// Whether the body is of a kind about the record itself, which no corrected event may be.
pub fn is_about_record(body: u32) -> bool {
    (380..400).contains(&body)
}

/// Whether this program knows the field.
pub fn is_known(body: u32, number: u32) -> bool {
    /// A bit for each known field of a body, at the index of its number; those of the envelope at 0.
    static KNOWN: LazyLock<Vec<u32>> = LazyLock::new(|| {
        let mut known = vec![0; 1_000];
        let fields = SINGULAR_FIELDS.iter().chain(REPEATED_FIELDS).copied();
        for (body, number) in fields.chain(BODIES.iter().map(|(body, _)| (*body, BODY))) {
            if let Some(bits) = known.get_mut(body as usize) {
                *bits |= bit(number);
            }
        }
        known
    });
    let has = |body: u32, number| {
        let bits = KNOWN.get(body as usize).copied().unwrap_or_default();
        bits & bit(number) != 0
    };
    (number != BODY && has(body, number)) || (body == 0 && is_body(number) && has(number, BODY))
}

/// Stands for a body itself among its fields: no field has the number 0.
const BODY: u32 = 0;

/// The bit of a field number; none above 31, which a test holds the tables to.
fn bit(number: u32) -> u32 {
    1_u32.checked_shl(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_known_when_a_table_has_it_and_never_otherwise() {
        let listed =
            |pair: (u32, u32)| SINGULAR_FIELDS.contains(&pair) || REPEATED_FIELDS.contains(&pair);
        for body in 0..1_100 {
            for number in 0..1_100 {
                let is_listed = listed((body, number))
                    || (body == 0 && BODIES.iter().any(|(known, _)| *known == number));
                assert_eq!(is_known(body, number), is_listed, "{body}.{number}");
            }
        }
    }
}
