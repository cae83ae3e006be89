//! What logs and stores hold means the same for ever (docs/adr/0003).

use crate::proto::entry::Payload;
use crate::proto::{Entry, LogId, Membership, PendingSplit, SnapshotHistory, Stamp, Vote, Voters};
use prost::Message;
use vectron_shard::proto::declaration::Declare;
use vectron_shard::proto::mutation::Action;
use vectron_shard::proto::{
    Declaration, FieldValue, IdBatch, IndexKind, LogCommand, Mutation, NamedVector, Origin, PayloadChange,
    PayloadIndex, PointBatch, PointData, SparseDeclared, Split, StoredSchema,
};

/// The fixture of this name is what the message is encoded as, and decodes to it.
fn check<M: Message + Default + PartialEq + std::fmt::Debug>(name: &str, message: &M) {
    let text = include_str!("../../../test/upgrade/messages-0.2.txt");
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap();
    let hex = line.as_bytes().chunks(2).map(|hex| std::str::from_utf8(hex).unwrap());
    let bytes: Vec<u8> = hex.map(|hex| u8::from_str_radix(hex, 16).unwrap()).collect();
    assert_eq!(message.encode_to_vec(), bytes, "{name}");
    assert_eq!(&M::decode(bytes.as_slice()).unwrap(), message, "{name}");
}

fn log_id(term: u64, index: u64) -> LogId {
    LogId { term, node: 65_537, index }
}

const PROPOSED_AT_MS: u64 = 1_700_000_000_000;

#[test]
fn entries_and_what_is_kept_beside_them_keep_their_bytes() {
    let vector = [1.5f32, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let point = PointData { id: "a".into(), vector, payload: b"{\"b\":1}".into(), ..Default::default() };
    let origin = Origin { client: (0..16).collect(), sequence: 9, pending_from: 8 };
    let upsert = LogCommand {
        proposed_at_ms: PROPOSED_AT_MS,
        upsert: Some(PointBatch { points: vec![point] }.encode_to_vec()),
        epoch: 2,
        origin: Some(origin),
        ..Default::default()
    };
    let command = Some(Payload::Command(upsert.encode_to_vec().into()));
    let upsert = Entry { log_id: Some(log_id(3, 7)), payload: command };
    check("entry_upsert", &upsert);
    let membership = Membership {
        configs: vec![Voters { ids: vec![65_537, 131_073] }],
        members: vec![65_537, 131_073, 196_609],
    };
    let members =
        Entry { log_id: Some(log_id(3, 8)), payload: Some(Payload::Membership(membership.clone())) };
    check("entry_membership", &members);
    check("history", &SnapshotHistory { entries: vec![upsert, members] });
    check("vote", &Vote { term: 3, node: 65_537, committed: true });
    let stamp = Stamp {
        log_id: Some(log_id(3, 7)),
        membership_log_id: Some(log_id(2, 1)),
        membership: Some(membership),
    };
    check("stamp", &stamp);
    let split = Split { at: 1 << 63, epoch: 3, upper: 12, keeps_upper: false };
    check("pending_split", &PendingSplit { lower: 7, split: Some(split), stamp: Some(stamp) });
}

#[test]
fn commands_and_the_schema_keep_their_bytes() {
    let command = LogCommand { proposed_at_ms: PROPOSED_AT_MS, ..Default::default() };
    let delete = IdBatch { ids: vec!["a".into()], if_version: Some(0), ..Default::default() };
    check("delete", &LogCommand { delete: Some(delete.encode_to_vec()), ..command.clone() });
    let set = vec![FieldValue { path: "y.z".into(), value: b"3".into() }];
    let change = PayloadChange { replace: None, remove: vec!["x".into()], set };
    let mutation = Mutation {
        ids: vec!["a".into()],
        filter: None,
        action: Some(Action::Change(change)),
        if_version: Some(6),
    };
    check("mutation", &LogCommand { mutation: Some(mutation.encode_to_vec()), ..command.clone() });
    let index =
        PayloadIndex { path: "lang".into(), kind: IndexKind::Keyword.into(), ..PayloadIndex::default() };
    let declaration = Some(Declaration { declare: Some(Declare::AddIndex(index.clone())) });
    check("declaration", &LogCommand { declaration, ..command });
    let vector =
        NamedVector { name: "title".into(), dimension: 2, metric: "dot".into(), ..Default::default() };
    let sparse = vec![SparseDeclared { name: "s".into() }];
    check("schema", &StoredSchema { indexes: vec![index], sparse, vectors: vec![vector] });
}
