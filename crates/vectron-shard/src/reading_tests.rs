//! Reads of points with large payloads: answers end where they are full, and nothing is read for nobody.

use super::*;
use crate::proto::{
    CountOp, FacetOp, FieldCondition, Filter, IdBatch, LogCommand, OrderBy, PageOp, PointBatch, PointData,
    Scalar, ScalarList, SearchOp, field_condition, filter::Condition, scalar,
};
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const POINTS: usize = 60;
const LARGE: usize = 64 << 10;
/// Room for about four points.
const ROOM: u32 = 4 * (LARGE as u32 + 200);

fn id(n: usize) -> String {
    format!("p{n:03}")
}

fn shard(dir: &Path) -> Shard {
    let shard =
        Shard::open(dir, ShardSpec::new(2, Metric::Euclidean), &Resources::new(8 << 20, 8 << 20)).unwrap();
    let point = |n: usize| {
        let vector = [n as f32, 1.0].into_iter().flat_map(f32::to_le_bytes).collect();
        let text = "x".repeat(LARGE);
        let payload =
            format!(r#"{{"order":{},"even":{},"text":"{text}"}}"#, (n * 37) % POINTS, n.is_multiple_of(2))
                .into();
        PointData { id: id(n), vector, payload, ..PointData::default() }
    };
    for batch in 0..6 {
        let points = (batch * 10..batch * 10 + 10).map(point).collect();
        let upsert = Some(PointBatch { points }.encode_to_vec());
        let command = LogCommand { proposed_at_ms: 1, upsert, ..Default::default() };
        shard.apply(batch as u64 + 1, &command).unwrap();
    }
    shard
}

/// The points of even numbers.
fn even() -> Filter {
    let test = field_condition::Test::In(ScalarList {
        values: vec![Scalar { value: Some(scalar::Value::Flag(true)) }],
    });
    let condition = FieldCondition { path: "even".into(), test: Some(test) };
    Filter { condition: Some(Condition::Field(condition)) }
}

/// All pages from the beginning: the ids of each.
fn pages(shard: &Shard, first: &PageOp) -> Vec<Vec<String>> {
    let (mut asked, mut pages) = (first.clone(), Vec::new());
    loop {
        let page = shard.page(&asked, &Until::default()).unwrap();
        let ids: Vec<String> = page.points.iter().map(|point| point.id.clone()).collect();
        asked.after = ids.last().cloned().unwrap_or_default();
        if let Some(order) = &mut asked.order_by {
            order.after_value = page.values.last().cloned();
            assert_eq!(page.values.len(), ids.len());
        }
        pages.push(ids);
        if !page.more {
            return pages;
        }
    }
}

#[test]
fn a_page_ends_where_it_is_full_and_the_next_one_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let shard = shard(dir.path());
    let by_id = PageOp { limit: 1000, max_bytes: ROOM, ..Default::default() };
    let ordered = OrderBy { path: "order".into(), ..Default::default() };
    let descending = OrderBy { descending: true, ..ordered.clone() };
    let all: Vec<String> = (0..POINTS).map(id).collect();
    let mut in_order: Vec<usize> = (0..POINTS).collect();
    in_order.sort_by_key(|n| (n * 37) % POINTS);
    let in_order: Vec<String> = in_order.into_iter().map(id).collect();
    let evens: Vec<String> = (0..POINTS).step_by(2).map(id).collect();
    let cases = [
        (by_id.clone(), all.clone()),
        (PageOp { ids_only: true, ..by_id.clone() }, all.clone()),
        (PageOp { filter: Some(even()), ..by_id.clone() }, evens.clone()),
        (PageOp { filter: Some(even()), ids_only: true, ..by_id.clone() }, evens),
        (PageOp { order_by: Some(ordered), ..by_id.clone() }, in_order.clone()),
        (PageOp { order_by: Some(descending), ..by_id.clone() }, in_order.into_iter().rev().collect()),
    ];
    for (asked, expected) in cases {
        let found = pages(&shard, &asked);
        assert!(found.iter().all(|page| (1..=4).contains(&page.len())), "{asked:?}: {found:?}");
        assert_eq!(found.concat(), expected, "{asked:?}");
        // One that is larger than the page goes alone.
        let alone = pages(&shard, &PageOp { max_bytes: 1, ..asked.clone() });
        assert!(alone.iter().all(|page| page.len() == 1), "{asked:?}");
        assert_eq!(alone.concat(), expected);
        // Full by its limit, or not at all.
        let few = pages(&shard, &PageOp { max_bytes: 0, limit: 7, ..asked.clone() });
        assert_eq!((few[0].len(), few.concat()), (7, expected.clone()));
        assert_eq!(pages(&shard, &PageOp { max_bytes: 0, limit: expected.len() as u32, ..asked }).len(), 1);
    }
}

#[test]
fn points_by_id_come_as_far_as_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let shard = shard(dir.path());
    let mut ids: Vec<String> = (0..POINTS).rev().map(id).collect();
    ids.insert(3, "none".into());
    let (mut found, mut answers, mut from) = (Vec::new(), 0, 0);
    loop {
        let asked = IdBatch { ids: ids[from..].to_vec(), max_bytes: Some(ROOM), ..Default::default() };
        let page = shard.points(&asked, &Until::default()).unwrap();
        assert!((1..=4).contains(&page.points.len()));
        let last = page.points.last().map(|point| point.id.clone());
        from += asked.ids.iter().position(|id| Some(id) == last.as_ref()).unwrap() + 1;
        found.extend(page.points.into_iter().map(|point| point.id));
        answers += 1;
        if !page.more {
            break;
        }
    }
    ids.remove(3);
    assert_eq!((found, answers), (ids.clone(), 15));
    let bare = IdBatch { ids, max_bytes: Some(ROOM), without_payloads: Some(true), ..Default::default() };
    let bare = shard.points(&bare, &Until::default()).unwrap();
    assert_eq!((bare.points.len(), bare.more), (POINTS, false));
    assert!(bare.points.iter().all(|point| point.payload.is_empty() && point.version > 0));
}

#[test]
fn a_search_whose_answer_is_too_large_is_refused_before_all_of_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let shard = shard(dir.path());
    let vector: Vec<u8> = [1.0f32, 1.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let asked = SearchOp { vector, k: 50, include_payload: true, max_bytes: ROOM, ..Default::default() };
    let search = |asked: &SearchOp| shard.search(asked, Until::default());
    let refused = search(&asked).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AnswerTooLarge);
    assert!(
        refused.to_string().contains(&ROOM.to_string()) && refused.to_string().contains("include_metadata")
    );
    assert_eq!(search(&SearchOp { k: 4, ..asked.clone() }).unwrap().hits.len(), 4);
    assert_eq!(search(&SearchOp { include_payload: false, ..asked.clone() }).unwrap().hits.len(), 50);
    assert_eq!(search(&SearchOp { max_bytes: 0, ..asked.clone() }).unwrap().hits.len(), 50);
    // The branches of a query share the room.
    let three = SearchOp { k: 3, ..asked.clone() };
    let batch = |count: usize| {
        let searches = vec![three.clone(); count];
        shard.search_batch(searches.iter().map(|one| (one, Until::default()))).map(|found| found.len())
    };
    assert_eq!(batch(1).unwrap(), 1);
    let refused = batch(2).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AnswerTooLarge);
    assert!(refused.to_string().contains(&ROOM.to_string()));
}

#[test]
fn what_nobody_waits_for_ends_at_its_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let shard = shard(dir.path());
    let flag = Arc::new(AtomicBool::new(false));
    let until = Until { deadline: None, cancelled: Some(Arc::clone(&flag)) };
    let ids: Vec<String> = (0..POINTS).map(id).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut visited = 0;
    let stopped = shard.visit_stored(&ids, &until, |place, _| {
        visited += 1;
        if place == 5 {
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(true)
    });
    assert_eq!(stopped.unwrap_err().code(), ErrorCode::Cancelled);
    assert!((6..40).contains(&visited), "{visited} of {POINTS} were read");
    // Each kind of read asks before it begins, and between its steps.
    let filter = Some(even());
    let order_by = Some(OrderBy { path: "order".into(), ..Default::default() });
    let page = PageOp { limit: 1000, ..Default::default() };
    let count = CountOp { filter: filter.clone(), estimate: false };
    let facets = FacetOp { path: "order".into(), filter: filter.clone(), limit: 10 };
    let get = IdBatch { ids: vec![id(1)], ..Default::default() };
    let codes = |until: &Until| {
        [
            shard.page(&page, until).unwrap_err().code(),
            shard.page(&PageOp { filter: filter.clone(), ..page.clone() }, until).unwrap_err().code(),
            shard.page(&PageOp { order_by: order_by.clone(), ..page.clone() }, until).unwrap_err().code(),
            shard.count(&count, until).unwrap_err().code(),
            shard.facets(&facets, until).unwrap_err().code(),
            shard.points(&get, until).unwrap_err().code(),
        ]
    };
    let past = Until { deadline: Some(std::time::Instant::now()), cancelled: None };
    assert_eq!(codes(&until), [ErrorCode::Cancelled; 6]);
    assert_eq!(codes(&past), [ErrorCode::DeadlineExceeded; 6]);
    // A search gives what it has found by its deadline, but nothing to nobody.
    let vector: Vec<u8> = [1.0f32, 1.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let search = SearchOp { vector, k: 10, include_payload: true, ..Default::default() };
    assert_eq!(shard.search(&search, past).unwrap().hits.len(), 10);
    assert_eq!(shard.search(&search, until).unwrap_err().code(), ErrorCode::Cancelled);
}

#[test]
fn small_steps_look_now_and_then_whether_anybody_waits() {
    let flag = Arc::new(AtomicBool::new(false));
    let until = Until { deadline: None, cancelled: Some(Arc::clone(&flag)) };
    let mut steps = until.steps();
    assert!((0..10_000).all(|_| steps.next().is_ok()));
    flag.store(true, std::sync::atomic::Ordering::Relaxed);
    let more = (0..10_000).take_while(|_| steps.next().is_ok()).count();
    assert!(more < 1_000, "{more} steps were made for nobody");
}
