//! The pack `england` against the tables of the semantics, and what a pack with a fault is refused for.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use caseledger::rules::calendar::Calendar;
use caseledger::rules::need::{Condition, Figure, Party};
use caseledger::rules::pack::PackError;
use caseledger::rules::{ItemFacts, Limit, Pack, Tier, Unit};
use jiff::civil::Date;

fn d(text: &str) -> Date {
    text.parse().unwrap()
}

fn ids(facts: &ItemFacts<'_>, date: &str) -> Vec<String> {
    Pack::england()
        .needs_for(facts, d(date))
        .map(|n| n.id.clone())
        .collect()
}

fn refused(from: &str, to: &str) -> PackError {
    assert!(Pack::england_source().contains(from), "{from}");
    let text = Pack::england_source().replacen(from, to, 1);
    Pack::parse(&text, Calendar::england_wales_source()).unwrap_err()
}

#[test]
fn the_digest_of_the_pack_is_the_one_that_answers_have_named() {
    // A change of the pack or of the bank holidays changes the digest: raise the pack's version with it.
    let pack = Pack::england();
    assert_eq!((pack.id(), pack.version()), ("england", "2"));
    assert_eq!(
        pack.digest().to_string(),
        "8141a672595c51ac36d6564d345a7cc3c200c3e348da0cd3349c53d832a4aec5"
    );
    assert!(pack.stamp().starts_with("england 2 (blake3 "));
}

#[test]
fn another_text_or_another_list_of_bank_holidays_has_another_digest() {
    let holidays = Calendar::england_wales_source();
    let other = Pack::parse(&format!("{}\n", Pack::england_source()), holidays).unwrap();
    assert_ne!(other.digest(), Pack::england().digest());
    let other = Pack::parse(Pack::england_source(), &format!("{holidays}\n")).unwrap();
    assert_ne!(other.digest(), Pack::england().digest());
}

#[test]
fn every_rule_of_the_table_is_there_with_its_limit_tier_and_on_or_off() {
    use Unit::{Days, NextCoreGroupOrWorkingDays, NextSchoolDay, WorkingDays as Wd};
    let rows: Vec<_> = Pack::england()
        .needs()
        .iter()
        .map(|n| {
            (
                n.id.as_str(),
                n.on,
                n.tier(),
                n.number_tier,
                n.limit.n,
                n.limit.unit,
            )
        })
        .collect();
    let (sg, lp, de) = (Tier::StatutoryGuidance, Tier::LocalProcedure, Tier::Default);
    let expected = vec![
        ("NTK-HARM", true, sg, de, 1, Wd),
        ("NTK-OFFENCE", true, sg, de, 1, Wd),
        ("NTK-POLICE", true, lp, lp, 3, Wd),
        ("NTK-SCHOOL-DA", false, lp, lp, 1, NextSchoolDay),
        ("NTK-SCHOOL-DA", true, Tier::Statute, lp, 1, NextSchoolDay),
        ("NTK-INTEL", true, de, de, 5, Wd),
        ("NTK-PLAN-IN", true, lp, de, 5, Wd),
        ("NTK-PLAN-OUT", true, de, de, 10, NextCoreGroupOrWorkingDays),
        ("NTK-DECISION", true, lp, de, 5, Wd),
        ("NTK-REFERRER", true, sg, de, 5, Wd),
        ("NTK-COURT", true, de, de, 5, Wd),
        ("NTK-MISSING", true, sg, de, 1, Wd),
        ("NTK-CP-FILE", true, sg, sg, 5, Days),
        ("NTK-CORRECTION", true, Tier::Statute, de, 5, Wd),
        ("NTK-MOVE", false, de, de, 5, Wd),
        ("NTK-NEW-WORKER", false, de, de, 5, Wd),
        ("NTK-JOIN", false, de, de, 10, Wd),
    ];
    assert_eq!(rows, expected);
}

#[test]
fn the_school_rule_is_a_duty_only_from_its_commencement() {
    let on = |date| {
        Pack::england()
            .need("NTK-SCHOOL-DA", d(date))
            .map(|n| (n.on, n.tier()))
    };
    assert_eq!(on("2025-11-06"), Some((false, Tier::LocalProcedure)));
    assert_eq!(on("2025-11-07"), Some((true, Tier::Statute)));
    let incident = ItemFacts {
        event: "police.incident",
        incident_kind: "domestic_abuse",
        child_present: "yes",
        ..ItemFacts::default()
    };
    assert!(!ids(&incident, "2013-02-02").contains(&"NTK-SCHOOL-DA".to_owned()));
    assert!(ids(&incident, "2026-02-02").contains(&"NTK-SCHOOL-DA".to_owned()));
}

#[test]
fn each_sentence_names_the_standing_of_its_number() {
    let pack = Pack::england();
    let words = |id: &str, facts: &ItemFacts<'_>| {
        pack.need(id, d("2026-01-01"))
            .map(|n| n.wording(facts))
            .unwrap()
    };
    let plain = ItemFacts::default();
    let urgent = ItemFacts {
        level: "immediate",
        ..ItemFacts::default()
    };
    assert_eq!(
        words("NTK-HARM", &plain),
        "within 1 working day (this review's setting)"
    );
    assert_eq!(
        words("NTK-POLICE", &plain),
        "within 3 working days (local procedure)"
    );
    assert_eq!(
        words("NTK-CP-FILE", &plain),
        "within 5 days (statutory guidance)"
    );
    assert_eq!(
        words("NTK-SCHOOL-DA", &plain),
        "by the next school day (local procedure)"
    );
    assert_eq!(
        words("NTK-PLAN-IN", &plain),
        "within 5 working days (this review's setting)"
    );
    assert_eq!(
        words("NTK-PLAN-IN", &urgent),
        "within 1 working day (this review's setting)"
    );
    assert_eq!(
        words("NTK-PLAN-OUT", &plain),
        "by the next core group or within 10 working days, the earlier (this review's setting)"
    );
}

#[test]
fn harm_goes_to_social_care_by_what_the_entry_says_and_not_by_its_type_alone() {
    let asks = |facts: ItemFacts<'_>| ids(&facts, "2013-01-09").contains(&"NTK-HARM".to_owned());
    let of = |event| ItemFacts {
        event,
        ..ItemFacts::default()
    };
    assert!(asks(of("disclosure.made")));
    assert!(!asks(of("concern.raised")));
    assert!(asks(ItemFacts {
        harm: "sexual",
        ..of("concern.raised")
    }));
    assert!(!asks(ItemFacts {
        harm: "neglect",
        ..of("concern.raised")
    }));
    let level = "significant_harm_suspected";
    assert!(asks(ItemFacts {
        harm: "neglect",
        level,
        ..of("indicator.observed")
    }));
    assert!(asks(ItemFacts {
        explanation_consistent: "no",
        ..of("injury.recorded")
    }));
    assert!(!asks(ItemFacts {
        explanation_consistent: "yes",
        ..of("injury.recorded")
    }));
    assert!(!asks(of("injury.recorded")));
    assert!(!asks(of("visit.made")));
}

#[test]
fn a_possible_offence_goes_to_police_when_stated_or_by_an_identified_person() {
    let asks = |facts: ItemFacts<'_>| ids(&facts, "2013-01-09").contains(&"NTK-OFFENCE".to_owned());
    let told = ItemFacts {
        event: "disclosure.made",
        ..ItemFacts::default()
    };
    assert!(!asks(told.clone()));
    assert!(asks(ItemFacts {
        possible_offence: "yes",
        ..told.clone()
    }));
    assert!(!asks(ItemFacts {
        harm: "physical",
        ..told.clone()
    }));
    assert!(asks(ItemFacts {
        harm: "physical",
        other_person_identified: true,
        ..told.clone()
    }));
    assert!(!asks(ItemFacts {
        harm: "neglect",
        other_person_identified: true,
        ..told
    }));
    let rule = Pack::england()
        .need("NTK-OFFENCE", d("2013-01-09"))
        .unwrap();
    assert!(
        !rule
            .while_
            .holds(|c| c == Condition::PoliceAtStrategyOnMatter)
    );
    assert!(rule.while_.holds(|_| false));
}

#[test]
fn a_standard_incident_with_no_child_present_is_asked_for_by_no_rule() {
    let asks = |grade, present, lives| {
        let facts = ItemFacts {
            event: "police.incident",
            incident_kind: "domestic_abuse",
            force_grade: grade,
            child_present: present,
            child_lives_there: lives,
            ..ItemFacts::default()
        };
        ids(&facts, "2013-02-02").contains(&"NTK-POLICE".to_owned())
    };
    assert!(!asks("standard", "no", true));
    assert!(asks("standard", "yes", false));
    assert!(asks("medium", "no", true));
    assert!(asks("", "not_stated", true));
    assert!(!asks("medium", "no", false));
}

#[test]
fn a_missed_appointment_is_asked_for_from_the_second_in_90_days() {
    let asks = |earlier: &[u32]| {
        let facts = ItemFacts {
            event: "health.missed",
            earlier_same_type_days_ago: earlier.to_vec(),
            ..ItemFacts::default()
        };
        ids(&facts, "2013-02-20").contains(&"NTK-PLAN-IN".to_owned())
    };
    assert!(!asks(&[]));
    assert!(asks(&[90]));
    assert!(!asks(&[91, 200]));
    assert!(asks(&[14, 91]));
}

#[test]
fn plan_rules_ask_only_in_their_state_of_the_case() {
    let rule = |id| Pack::england().need(id, d("2013-02-02")).unwrap();
    let plan_in = &rule("NTK-PLAN-IN").while_;
    assert!(plan_in.holds(|c| c == Condition::S47));
    assert!(!plan_in.holds(|c| c == Condition::Proceedings));
    let intel = &rule("NTK-INTEL").while_;
    assert!(intel.holds(|c| matches!(c, Condition::HandlingPermits | Condition::SocialCareOpen)));
    assert!(!intel.holds(|c| c == Condition::HandlingPermits));
    assert!(!intel.holds(|c| c == Condition::SocialCareOpen));
    assert!(rule("NTK-HARM").while_.is_always());
    assert_eq!(rule("NTK-PLAN-OUT").figure, Figure::Separate);
    assert_eq!(rule("NTK-REFERRER").figure, Figure::ReferralLoop);
    assert_eq!(rule("NTK-CORRECTION").figure, Figure::Correction);
    assert_eq!(rule("NTK-HARM").figure, Figure::Gap);
    assert_eq!(rule("NTK-HARM").from, vec![Party::Any]);
    assert_eq!(
        rule("NTK-OFFENCE").to,
        vec![Party::Kind("police".to_owned())]
    );
    assert_eq!(rule("NTK-CORRECTION").to, vec![Party::KnowsOrSent]);
}

#[test]
fn an_item_is_an_event_that_somebody_else_may_need() {
    let pack = Pack::england();
    let item = |event, safeguarding| {
        pack.is_item(&ItemFacts {
            event,
            safeguarding,
            ..ItemFacts::default()
        })
    };
    assert!(item("disclosure.made", ""));
    assert!(item("move.known", ""));
    assert!(!item("visit.made", ""));
    assert!(!item("health.attendance", ""));
    assert!(item("health.attendance", "yes"));
    assert!(pack.is_item(&ItemFacts {
        event: "event.corrected",
        ..ItemFacts::default()
    }));
    assert!(!pack.is_item(&ItemFacts {
        event: "event.corrected",
        correction_kind: "record_error",
        ..ItemFacts::default()
    }));
}

#[test]
fn every_role_of_the_table_has_its_grace_and_gap() {
    let wd = |n| Limit {
        n,
        unit: Unit::WorkingDays,
    };
    let rows: Vec<_> = Pack::england()
        .roles()
        .iter()
        .map(|r| (r.id.as_str(), r.grace, r.min_gap(true), r.min_gap(false)))
        .collect();
    let expected = vec![
        ("social_worker", wd(1), 1, 5),
        ("team_manager", wd(1), 5, 5),
        ("conference_chair", wd(0), 10, 10),
        ("iro", wd(5), 5, 5),
        ("childrens_guardian", wd(3), 5, 5),
        ("officer_in_case", wd(1), 5, 5),
        ("safeguarding_lead", wd(0), 10, 10),
        (
            "health_visitor",
            Limit {
                n: 14,
                unit: Unit::Days,
            },
            10,
            10,
        ),
        ("early_help_lead", wd(5), 10, 10),
    ];
    assert_eq!(rows, expected);
    let pack = Pack::england();
    assert!(
        pack.role("gp").is_none(),
        "any other role has spells but no gaps"
    );
    let (worker, manager) = (pack.role("social_worker"), pack.role("team_manager"));
    assert_eq!(worker.map(|r| &r.opens), manager.map(|r| &r.opens));
    assert_eq!(worker.map(|r| &r.closes), manager.map(|r| &r.closes));
}

#[test]
fn a_window_opens_and_closes_by_the_content_and_the_author_of_an_event() {
    let worker = Pack::england().role("social_worker").unwrap();
    let opens = |event: &str, name: &str, code: &str| {
        worker.opens.iter().any(|o| {
            o.matches(event, "children_social_care", |f| {
                (f == name).then_some(code)
            })
        })
    };
    assert!(opens("referral.decided", "outcome", "section_17"));
    assert!(opens("referral.decided", "outcome", "section_47"));
    assert!(!opens("referral.decided", "outcome", "no_further_action"));
    assert!(!opens("plan.started", "plan_type", "early_help"));
    assert!(opens("plan.started", "plan_type", "child_protection"));
    let closes = |kind: &str| {
        worker
            .closes
            .iter()
            .any(|c| c.matches("case.closed", kind, |_| None))
    };
    assert!(closes("children_social_care"));
    assert!(!closes("school"));
}

#[test]
fn a_schools_gap_leaves_out_july_and_august() {
    let pack = Pack::england();
    let lead = pack.role("safeguarding_lead").unwrap();
    let gap = |a, b| lead.gap_working_days(pack.calendar(), d(a), d(b));
    assert_eq!(gap("2013-06-28", "2013-09-02"), 0);
    assert_eq!(gap("2013-06-26", "2013-09-04"), 4); // 27, 28 June; 2, 3 September
    let worker = pack.role("social_worker").unwrap();
    assert_eq!(
        worker.gap_working_days(pack.calendar(), d("2013-06-28"), d("2013-07-22")),
        15
    );
}

#[test]
fn a_health_visitor_is_expected_until_the_fifth_birthday() {
    let role = Pack::england().role("health_visitor").unwrap();
    assert_eq!(role.closes_by_age(d("2009-05-02")), Some(d("2014-05-02")));
    let role = Pack::england().role("iro").unwrap();
    assert_eq!(role.closes_by_age(d("2009-05-02")), None);
    assert_eq!(
        role.grace_ends(Pack::england().calendar(), d("2013-03-28")),
        d("2013-04-08")
    );
}

#[test]
fn the_parameters_are_those_of_the_semantics() {
    let a = Pack::england().allocation();
    assert_eq!(a.absence_threshold("annual_leave"), 10);
    assert_eq!(a.absence_threshold("training"), 10);
    assert_eq!(a.absence_threshold("sickness"), 5);
    assert_eq!(a.absence_threshold("not_stated"), 5);
    assert_eq!((a.explained_before, a.explained_after), (20, 10));
    assert_eq!((a.min_gap_protected, a.min_gap), (1, 5));
    assert_eq!(
        a.protected,
        ["cp_plan", "looked_after", "s47", "proceedings"]
    );
    let t = Pack::england().turnover();
    assert_eq!((t.min_distinct_holders, t.window_months), (3, 12));
    assert_eq!((t.median_tenure_under_days, t.median_min_spells), (180, 3));
    assert_eq!(
        (t.agency_staff_percent, t.unknown_employment_over_percent),
        (50, 25)
    );
}

/// What to replace in the pack, by what, and the rule and field that the refusal must name.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    (
        "id = \"NTK-HARM\"",
        "id = \"NTK-HARM\"\nlimmit = 3",
        "NTK-HARM",
        "limmit",
    ),
    (
        "harm = [\"physical\", \"sexual\"] },",
        "harm = [\"fysical\"] },",
        "NTK-HARM",
        "fysical",
    ),
    (
        "events = [\"disclosure.made\"] }",
        "events = [\"disclosure.maid\"] }",
        "NTK-HARM",
        "maid",
    ),
    (
        "to = [{ kind = \"police\" }]",
        "to = [{ kind = \"polis\" }]",
        "NTK-OFFENCE",
        "polis",
    ),
    ("id = \"iro\"", "id = \"irow\"", "irow", "id: is no role"),
    (
        "by = \"health\"",
        "by = \"helth\"",
        "health_visitor",
        "kind of agency",
    ),
    (
        "event = \"child.born\"",
        "event = \"child.borne\"",
        "health_visitor",
        "child.borne",
    ),
    (
        "unit = \"next_school_day\"",
        "unit = \"hours\"",
        "NTK-SCHOOL-DA",
        "hours",
    ),
    (
        "valid_to = \"2025-11-07\"",
        "valid_to = \"2025-11-08\"",
        "NTK-SCHOOL-DA",
        "valid_from",
    ),
    (
        "valid_to = \"2025-11-07\"",
        "valid_to = \"2025-13-07\"",
        "NTK-SCHOOL-DA",
        "2025-13-07",
    ),
    (
        "\"police_at_strategy_on_matter\"",
        "\"raining\"",
        "NTK-OFFENCE",
        "raining",
    ),
    (
        "grace = { n = 1, unit = \"wd\" }",
        "grace = { n = 1, unit = \"w\" }",
        "social_worker",
        "`w`",
    ),
    (
        "months_not_counted = [7, 8]",
        "months_not_counted = [13]",
        "safeguarding_lead",
        "months",
    ),
    (
        "same_window_as = \"social_worker\"",
        "same_window_as = \"x\"",
        "team_manager",
        "same_window",
    ),
    (
        "id = \"iro\"",
        "id = \"social_worker\"",
        "social_worker",
        "id: is given twice",
    ),
];

#[test]
fn a_fault_in_a_pack_is_refused_naming_the_rule_and_the_field() {
    for (from, to, rule, field) in FAULTS {
        let error = refused(from, to);
        let text = error.to_string();
        assert!(matches!(error, PackError::Rule { .. }), "{text}");
        assert!(text.contains(rule) && text.contains(field), "{text}");
    }
}

#[test]
fn an_unknown_or_missing_section_is_refused_by_name() {
    let text = |e: PackError| e.to_string();
    assert!(text(refused("calendar = ", "surprise = 1\ncalendar = ")).contains("surprise"));
    assert!(text(refused("[turnover]", "[turn_over]")).contains("turnover"));
    assert!(text(refused("min_gap_protected = 1", "min_gap_protectet = 1")).contains("protectet"));
    assert!(text(refused("\"england-wales\"", "\"scotland\"")).contains("scotland"));
    assert!(
        text(refused(
            "protected = [\"cp_plan\"",
            "protected = [\"cpplan\""
        ))
        .contains("cpplan")
    );
}

#[test]
fn every_code_of_a_window_is_a_code_of_its_event() {
    use caseledger::domain::event::Tri;
    use caseledger::domain::event::court::OrderKind;
    use caseledger::domain::event::enquiry::{AssessmentKind, AssessmentOutcome, EnquiryOutcome};
    use caseledger::domain::event::involvement::InvolvementKind;
    use caseledger::domain::event::meeting::ConferenceDecision;
    use caseledger::domain::event::plan::PlanType;
    use caseledger::domain::event::referral::ReferralOutcome;
    let pack = Pack::england();
    let statuses = pack
        .statuses()
        .iter()
        .flat_map(|s| s.opens.iter().chain(&s.closes));
    let roles = pack
        .roles()
        .iter()
        .flat_map(|r| r.opens.iter().chain(&r.closes));
    let mut checked = 0;
    for row in statuses.chain(roles) {
        for (field, codes) in &row.when {
            for code in codes {
                let known = match (row.event.as_str(), field.as_str()) {
                    ("plan.started" | "plan.ended", "plan_type")
                    | ("plan.stepped_down", "from" | "to") => PlanType::from_name(code).is_some(),
                    ("referral.decided", "outcome") => ReferralOutcome::from_name(code).is_some(),
                    ("court.application_issued", "order_sought")
                    | ("court.order_made", "order") => OrderKind::from_name(code).is_some(),
                    ("assessment.started", "kind") => AssessmentKind::from_name(code).is_some(),
                    ("assessment.completed", "outcome") => {
                        AssessmentOutcome::from_name(code).is_some()
                    }
                    ("s47.ended", "outcome") => EnquiryOutcome::from_name(code).is_some(),
                    ("s47.started", "joint") => Tri::from_name(code).is_some(),
                    ("conference.outcome", "decision") => {
                        ConferenceDecision::from_name(code).is_some()
                    }
                    ("involvement.started" | "involvement.ended", "kind") => {
                        InvolvementKind::from_name(code).is_some()
                    }
                    _ => false,
                };
                assert!(known, "{} {field} {code}", row.event);
                checked += 1;
            }
        }
    }
    assert!(checked > 40, "{checked}");
}

#[test]
fn allocation_and_turnover_name_only_kinds_and_events_of_the_vocabulary() {
    use caseledger::domain::event::allocation::{AbsenceKind, ChangeReason};
    use caseledger::domain::event::wire::BODIES;
    let (a, t) = (Pack::england().allocation(), Pack::england().turnover());
    assert!(
        a.absence_planned_kinds
            .iter()
            .all(|k| AbsenceKind::from_name(k).is_some())
    );
    let reasons = &t.simultaneous_excluded_reasons;
    assert!(reasons.iter().all(|r| ChangeReason::from_name(r).is_some()));
    assert!(
        t.file_read_events
            .iter()
            .all(|e| BODIES.iter().any(|(_, name)| name == e))
    );
}
