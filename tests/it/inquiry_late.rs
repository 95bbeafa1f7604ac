//! Late corrections over gRPC: beside a correction made in time, each row names the one that it depends on.

use caseledger::grpc::pb;
use pb::{Basis, Role};

use crate::inquiry_allocation::{FAMILY_A, Loaded, REGISTRY, question};

/// A record error: the entry of the sample with this number, with one text in it replaced by another.
fn record_error(number: u16, made: &str, (old, new): (&str, &str), target: &str) -> String {
    let id = format!("fa000000-0000-4000-8000-000000000{target}");
    let line = FAMILY_A.lines().find(|line| line.contains(&id)).unwrap();
    let mut entry: serde_json::Value = serde_json::from_str(line).unwrap();
    let agency = entry["agency"].as_str().unwrap().to_owned();
    let event = entry["event"].take();
    let corrected: serde_json::Value =
        serde_json::from_str(&event.to_string().replace(old, new)).unwrap();
    assert_ne!(event, corrected);
    let mut correction = serde_json::json!({
        "agency": agency,
        "eventId": format!("fa000000-0000-4000-8000-00000000{number:04}"),
        "event": {
            "caseId": "FAMILY-A",
            "actor": {"staff": "ADMIN1", "role": "ROLE_OTHER"},
            "occurred": {"edtf": made},
            "recorded": {"edtf": made},
            "source": {"kind": "SOURCE_KIND_OWN_STAFF", "text": "ADMIN1"},
            "assertion": "ASSERTION_KIND_FACT",
            "eventCorrected": {
                "target": {"agency": agency, "eventId": id},
                "kind": "CORRECTION_KIND_RECORD_ERROR",
                "reason": "The day was entered wrong.",
                "corrected": corrected,
            },
        },
    });
    correction["event"]["eventCorrected"]["corrected"]["recorded"] = event["recorded"].clone();
    correction.to_string()
}

/// SW2 began on 28 May 2012 (late), TM2 on 1 August 2012 (late), SW3 on 17 December 2012 (in time); the manager was
/// told on 18 September 2013 (late).
async fn corrected() -> Loaded {
    let errors = [
        record_error(9001, "2014-08-01", ("2012-06-18", "2012-05-28"), "079"),
        record_error(9002, "2014-08-04", ("2012-07-02", "2012-08-01"), "081"),
        record_error(9003, "2012-12-20", ("2012-12-03", "2012-12-17"), "106"),
        record_error(9004, "2014-08-05", ("2013-10-15", "2013-09-18"), "134"),
    ];
    let mut files = vec![REGISTRY, FAMILY_A];
    files.extend(errors.iter().map(String::as_str));
    Loaded::with(&files).await
}

/// Where a record error stands in the ledger, by the number that it was made with.
fn position(entries: &[pb::EntryRow], number: u16) -> u64 {
    let end = format!("{number:04}");
    let mut rows = entries.iter();
    let row = rows.find(|row| row.event_id.ends_with(&end) && row.r#type == "event.corrected");
    row.unwrap().position
}

#[tokio::test(flavor = "multi_thread")]
async fn each_gap_names_the_late_correction_of_its_own_and_none_that_was_made_in_time() {
    let mut loaded = corrected().await;
    for basis in [Basis::Then, Basis::Now, Basis::Recorded] {
        let answer = loaded.ask(question("FAMILY-A", basis, "")).await;
        let gap = |role: Role, to: &str| {
            let ends = |gap: &&pb::Gap| {
                let day = gap.to.as_ref().map_or("", |to| to.latest.as_str());
                gap.role() == role && gap.agency == "csc" && day == to
            };
            let gaps: Vec<&pb::Gap> = answer.gaps.iter().filter(ends).collect();
            let [gap] = gaps[..] else {
                panic!("{basis:?} {role:?} {to}: {gaps:?}")
            };
            (gap.depends_on_corrections.clone(), gap.first_words_only)
        };
        let (of_sw, of_tm) = (
            position(&answer.entries, 9001),
            position(&answer.entries, 9002),
        );
        assert_eq!(gap(Role::SocialWorker, "2012-05-28"), (vec![of_sw], false));
        assert_eq!(gap(Role::SocialWorker, "2012-06-18"), (vec![of_sw], true));
        assert_eq!(gap(Role::TeamManager, "2012-08-01"), (vec![of_tm], false));
        assert_eq!(gap(Role::SocialWorker, "2012-12-17"), (vec![], false));
        let changes: Vec<_> = answer
            .changes
            .iter()
            .filter(|change| !change.depends_on_corrections.is_empty())
            .map(|change| {
                let to = change.to.as_ref().unwrap();
                (
                    to.staff.as_str(),
                    change.depends_on_corrections.clone(),
                    change.first_words_only,
                )
            })
            .collect();
        for change in [
            ("SW2", vec![of_sw], false),
            ("SW2", vec![of_sw], true),
            ("TM2", vec![of_tm], false),
            ("TM2", vec![of_tm], true),
        ] {
            assert!(changes.contains(&change), "{change:?} of {changes:?}");
        }
        assert_eq!(changes.len(), 4, "{changes:?}");
    }
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_at_a_date_names_the_late_correction_of_each_open_gap() {
    let mut loaded = corrected().await;
    for (day, role, number, first_words) in [
        ("2012-06-10", Role::SocialWorker, 9001, true),
        ("2012-07-20", Role::TeamManager, 9002, false),
    ] {
        let asked = pb::CaseQuestion {
            case_id: "FAMILY-A".to_owned(),
            as_at: question("FAMILY-A", Basis::Then, day).as_at,
        };
        let answer = loaded.client.inquiry.at(asked).await.unwrap().into_inner();
        let of = |gap: &&pb::Gap| gap.role() == role && gap.agency == "csc";
        let gaps: Vec<&pb::Gap> = answer.open_gaps.iter().filter(of).collect();
        let [gap] = gaps[..] else {
            panic!("{day}: {gaps:?}")
        };
        let latest = loaded.ask(question("FAMILY-A", Basis::Then, "")).await;
        let late = position(&latest.entries, number);
        assert_eq!(gap.depends_on_corrections, [late], "{day}");
        assert_eq!(gap.first_words_only, first_words, "{day}");
    }
    loaded.world.stop().await;
}

/// Who knew what, with the practitioners.
async fn known(loaded: &mut Loaded, item: Option<u64>) -> pb::KnowledgeAnswer {
    let asked = pb::KnowledgeQuestion {
        case_id: "FAMILY-A".to_owned(),
        as_at: question("FAMILY-A", Basis::Then, "").as_at,
        practitioners: true,
        item,
        ..Default::default()
    };
    let answer = loaded.client.inquiry.knowledge(asked).await;
    answer.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_a_late_correction_changes_stands_under_both_readings() {
    let mut loaded = corrected().await;
    let answer = known(&mut loaded, None).await;
    let told = |cell: &&pb::Cell| !cell.depends_on_corrections.is_empty();
    let marked: Vec<&pb::Cell> = answer.cells.iter().filter(told).collect();
    let of_csc = |cell: &&&pb::Cell| {
        let holder = cell.holder.as_ref().unwrap();
        holder.agency == "csc" && holder.staff.is_empty()
    };
    let cells: Vec<&&pb::Cell> = marked.iter().filter(of_csc).collect();
    let [current, first] = cells[..] else {
        panic!("{cells:?}")
    };
    assert_eq!(current.item, first.item);
    assert_eq!(
        (current.first_words_only, first.first_words_only),
        (false, true)
    );
    assert_eq!(current.depends_on_corrections, first.depends_on_corrections);
    assert_eq!(current.timeliness(), pb::Timeliness::InTime);
    assert_eq!(
        (first.timeliness(), first.days),
        (pb::Timeliness::Late, Some(27))
    );
    let late = current.depends_on_corrections[0];
    let end = format!("; depends on correction #{late}");
    assert!(current.sentence.ends_with(&end), "{}", current.sentence);
    let end = format!("; by the words first recorded{end}");
    assert!(first.sentence.ends_with(&end), "{}", first.sentence);
    for cell in &marked {
        assert_eq!(cell.depends_on_corrections, [late], "{cell:?}");
    }
    let one = known(&mut loaded, Some(current.item)).await;
    assert_eq!(one.items.len(), 1);
    assert!(one.cells.iter().any(|cell| cell.first_words_only));
    loaded.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_left_behind_stands_under_both_readings() {
    let mut loaded = corrected().await;
    let allocation = loaded.ask(question("FAMILY-A", Basis::Then, "")).await;
    let answer = known(&mut loaded, None).await;
    let of_start = position(&allocation.entries, 9001);
    let unread: Vec<_> = answer
        .not_shown_as_read
        .iter()
        .filter(|row| row.to.as_ref().unwrap().staff == "SW2")
        .map(|row| {
            let end = format!("; depends on correction #{of_start}");
            assert!(row.sentence.ends_with(&end), "{}", row.sentence);
            assert_eq!(row.depends_on_corrections, [of_start]);
            (row.began.as_str(), row.first_words_only)
        })
        .collect();
    assert!(unread.contains(&("2012-05-28", false)), "{unread:?}");
    assert!(unread.contains(&("2012-06-18", true)), "{unread:?}");
    for row in answer
        .not_shown_as_read
        .iter()
        .filter(|row| row.to.as_ref().unwrap().staff == "SW3")
    {
        assert!(row.depends_on_corrections.is_empty(), "{row:?}");
    }
    loaded.world.stop().await;
}
