//! A case that is read in several parts at once.

use caseledger::service::inquiry::Question;

use crate::world::{World, concern, id, opened, request, temp};

/// More than one part has.
const ENTRIES: u64 = 1_130;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_case_is_replayed_whole_and_in_order() {
    let dir = temp();
    let world = World::over(dir.path()).await;
    let mut client = world.client("school").await;
    client.append(request(0, &opened("CH-LONG"))).await.unwrap();
    client
        .append(request(9_999, &opened("CH-OTHER")))
        .await
        .unwrap();
    for from in (1..ENTRIES).step_by(100) {
        let events = (from..ENTRIES.min(from + 100))
            .map(|n| request(n, &concern("CH-LONG", &format!("invented, {n}"))));
        client.append_batch(events.collect()).await.unwrap();
    }
    let question = Question::latest("CH-LONG".parse().unwrap());
    let asked = world.service.ask(question).await.unwrap();
    assert_eq!(asked.stamp.case_seq, ENTRIES);
    let entries = asked.cut.log().entries();
    let of_case = entries
        .iter()
        .filter(|entry| entry.agency.as_str() == "school");
    let ids: Vec<_> = of_case.clone().map(|entry| entry.event_id).collect();
    assert_eq!(ids, (0..ENTRIES).map(id).collect::<Vec<_>>());
    let numbers: Vec<u64> = of_case.map(|entry| entry.case_seq).collect();
    assert_eq!(numbers, (1..=ENTRIES).collect::<Vec<_>>());
    let positions = entries.iter().map(|entry| entry.position);
    assert!(positions.is_sorted());
    world.stop().await;
}
