//! Applying log entries, and reading single points back.

use crate::command::check_vector;
use crate::fields::{Document, Fields};
use crate::filter::Filter;
use crate::generation::Generation;
use crate::origins::{self, Origins};
use crate::point::{self, StoredPoint, Version};
use crate::proto::{
    Declaration, LogCommand, Mutation, PageFound, PageOp, PointBatch, PointData, PointExtras,
    declaration::Declare, mutation::Action,
};
use crate::query::add_to_page;
use crate::reading::Room;
use crate::space::put_declared;
use crate::writer::{self, Writer};
use crate::{Command, Metric, Result, Shard, ShardError, Until, changes};
use prost::Message;
use vectron_storage::{Batch, ErrorCode, Store};

pub const APPLIED_KEY: &[u8] = b"_applied";
pub const STAMP_KEY: &[u8] = b"_raft";
pub const EPOCH_KEY: &[u8] = b"_epoch";
/// Points that one entry lets expire.
const MAX_EXPIRED: usize = 10_000;
/// Bytes of the points that one entry changes, which are in memory together.
const MAX_CHANGED_BYTES: usize = 256 << 20;

/// The verdict on an entry; the same on every replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub index: u64,
    /// Points written, or ids that were there to delete.
    pub affected: u32,
    /// Set when the entry was refused: `(code, message)`. Nothing of it was applied.
    pub refused: Option<(ErrorCode, String)>,
}

pub fn stored_applied_index(store: &Store) -> Result<u64> {
    stored_number(store, APPLIED_KEY)
}

pub fn stored_epoch(store: &Store) -> Result<u64> {
    stored_number(store, EPOCH_KEY)
}

/// 0 where there is none.
fn stored_number(store: &Store, key: &[u8]) -> Result<u64> {
    let Some(bytes) = store.get(key)? else { return Ok(0) };
    bytes.try_into().map(u64::from_le_bytes).map_err(|_| {
        ShardError::Damaged(format!("the value of {} has the wrong length", String::from_utf8_lossy(key)))
    })
}

impl Shard {
    /// [`Shard::apply_stamped`] with nothing to keep.
    pub fn apply(&self, index: u64, command: &LogCommand) -> Result<Applied> {
        self.apply_stamped(index, command, &[])
    }

    /// Applies entry `index`, which must follow the applied index. The points, the applied index and `stamp` (what
    /// the caller wants to find again beside it) reach the store in one batch; then searches see all of it at
    /// once. A command that cannot be applied is refused in the answer; an `Err` means the store or the memory
    /// failed and the shard must stop.
    pub fn apply_stamped(&self, index: u64, command: &LogCommand, stamp: &[u8]) -> Result<Applied> {
        let checked = command.check(&self.spec);
        let mut writer = self.writer.lock();
        let generation = self.generation.load_full();
        let entry = Entry { shard: self, generation: &generation, index, command };
        let outcome = checked.and_then(|checked| match writer.admit(command)? {
            // It was applied before: the answer is the one of then.
            Some(before) => entry.nothing(&mut writer, self.batch(index, stamp)).map(|()| before),
            None => entry.run(&mut writer, self.batch(index, stamp), checked),
        });
        match outcome {
            Err(refusal) if refusal.is_refusal() => {
                entry.nothing(&mut writer, self.batch(index, stamp))?;
                let refused = Some((refusal.code(), refusal.to_string()));
                Ok(Applied { index, affected: 0, refused })
            }
            outcome => outcome,
        }
    }

    /// An entry that means nothing to the shard.
    pub fn advance(&self, index: u64, stamp: &[u8]) -> Result<()> {
        let mut writer = self.writer.lock();
        self.store.write(self.batch(index, stamp))?;
        let generation = self.generation.load_full();
        writer.nothing(&generation, index);
        let mut fields = self.fields.write();
        fields.applied = index;
        fields.publish();
        generation.publish(index, fields.rows.len() as u64);
        Ok(())
    }

    /// A stored vector as the index takes it.
    pub(crate) fn index_form(&self, stored: &[u8]) -> Vec<f32> {
        let mut vector = crate::command::floats(stored);
        if self.spec.metric == Metric::Cosine {
            vectron_kernels::normalize(&mut vector);
        }
        vector
    }

    /// When the next point expires, milliseconds since 1970.
    pub fn next_expiry(&self) -> Option<u64> {
        self.writer.lock().expiries.first()
    }

    fn batch(&self, index: u64, stamp: &[u8]) -> Batch {
        let mut batch = Batch::default();
        batch.put(APPLIED_KEY, &index.to_le_bytes());
        if !stamp.is_empty() {
            batch.put(STAMP_KEY, stamp);
        }
        batch
    }

    /// What was last applied with [`Shard::apply_stamped`] or [`Shard::advance`].
    pub fn stamp(&self) -> Result<Option<Vec<u8>>> {
        Ok(self.store.get(STAMP_KEY)?)
    }

    /// The epoch that the log has set, 0: none.
    pub fn epoch(&self) -> u64 {
        self.writer.lock().epoch
    }

    /// The point as it was written (vector not normalised) with its log index, or `None`.
    pub fn get(&self, id: &str) -> Result<Option<(PointData, u64)>> {
        let Some(bytes) = self.store.get(&point::key(id))? else { return Ok(None) };
        let stored = StoredPoint::decode(&bytes)?;
        Ok(Some((data(id, &stored)?, stored.version.index)))
    }
}

/// Points by id (byte order), as many as the page has room for.
pub fn scroll(store: &Store, asked: &PageOp, until: &Until) -> Result<PageFound> {
    let mut page = PageFound::default();
    let mut room = Room::new(asked.max_bytes);
    let mut failure = None;
    let from = match asked.after.as_str() {
        "" => point::PREFIX.to_vec(),
        id => [&point::key(id)[..], &[0]].concat(),
    };
    store.scan(&from, |key, value| {
        let Some(id) = key.strip_prefix(point::PREFIX) else { return false };
        if page.points.len() == asked.limit as usize {
            page.more = true;
            return false;
        }
        let id = String::from_utf8_lossy(id);
        let added = until
            .check()
            .and_then(|()| StoredPoint::decode(value))
            .and_then(|stored| add_to_page(&mut page, &mut room, &id, &stored, asked.ids_only));
        match added {
            Ok(fits) => {
                page.more |= !fits;
                fits
            }
            Err(error) => {
                failure = Some(error);
                false
            }
        }
    })?;
    failure.map_or(Ok(page), Err)
}

pub(crate) fn data(id: &str, stored: &StoredPoint<'_>) -> Result<PointData> {
    let extras = stored.extras()?;
    Ok(PointData {
        id: id.into(),
        vector: stored.vector.into(),
        payload: stored.payload.into(),
        sparse: extras.sparse,
        vectors: extras.vectors,
        version: stored.version.index,
        expires_at_ms: extras.expires_at_ms,
        ..Default::default()
    })
}

/// One log entry while it is applied. What refuses it does so before anything is changed.
struct Entry<'a> {
    shard: &'a Shard,
    generation: &'a Generation,
    index: u64,
    command: &'a LogCommand,
}

impl Entry<'_> {
    fn run(&self, writer: &mut Writer, mut batch: Batch, checked: Command) -> Result<Applied> {
        match checked {
            Command::Upsert(points, vectors) => self.upsert(writer, batch, &points, &vectors),
            Command::Delete(ids) => {
                self.have_version(&ids.ids, ids.if_version)?;
                let asked = ids.ids.iter().map(String::as_str);
                let present = writer::absent_after_first(&self.shard.fields.read().rows, asked);
                let applied = self.applied(present.iter().filter(|present| **present).count());
                changes::record(&mut batch, self.index, present);
                self.delete(writer, batch, &ids.ids, applied)
            }
            Command::Mutate(mutation) => self.mutate(writer, batch, &mutation),
            Command::Expire(by_ms) => {
                let ids = writer.expiries.due(by_ms, MAX_EXPIRED);
                changes::record_ids(&mut batch, self.index, ids.iter().map(String::as_str));
                self.delete(writer, batch, &ids, self.applied(ids.len()))
            }
            Command::Declare(declaration) => self.declare(writer, batch, &declaration),
            Command::SetEpoch(epoch) => {
                if epoch > writer.epoch {
                    batch.put(EPOCH_KEY, &epoch.to_le_bytes());
                }
                self.nothing(writer, batch)?;
                writer.epoch = writer.epoch.max(epoch);
                Ok(self.applied(0))
            }
            Command::Split(split) => {
                let gone = writer::given_up(&self.shard.fields.read().rows, &split);
                batch.put(EPOCH_KEY, &split.epoch.to_le_bytes());
                let applied = self.delete(writer, batch, &gone, self.applied(gone.len()))?;
                writer.epoch = split.epoch;
                Ok(applied)
            }
            Command::Scrub => self.nothing(writer, batch).map(|()| self.applied(0)),
        }
    }

    fn applied(&self, affected: usize) -> Applied {
        Applied { index: self.index, affected: affected as u32, refused: None }
    }

    /// All of the entry is seen from here on.
    fn publish(&self, fields: &mut Fields) {
        fields.applied = self.index;
        fields.publish();
        self.generation.publish(self.index, fields.rows.len() as u64);
    }

    fn nothing(&self, writer: &mut Writer, batch: Batch) -> Result<()> {
        self.shard.store.write(batch)?;
        writer.nothing(self.generation, self.index);
        self.publish(&mut self.shard.fields.write());
        Ok(())
    }

    fn declare(&self, writer: &mut Writer, mut batch: Batch, declaration: &Declaration) -> Result<Applied> {
        let changed = self.shard.fields.read().schema().declared(declaration)?;
        let applied = self.applied(usize::from(changed.is_some()));
        if let Some(schema) = &changed {
            schema.put(&mut batch);
            match &declaration.declare {
                Some(Declare::AddVector(vector)) => put_declared(&mut batch, &vector.name, Some(self.index)),
                Some(Declare::DropVector(vector)) => put_declared(&mut batch, &vector.name, None),
                _ => {}
            }
        }
        writer.sessions.remember(&mut batch, self.command, &applied);
        self.shard.store.write(batch)?;
        writer.nothing(self.generation, self.index);
        let mut fields = self.shard.fields.write();
        fields.applied = self.index;
        if let Some(schema) = changed {
            fields.declare(schema, &|| self.shard.next_file())?;
        }
        self.publish(&mut fields);
        Ok(applied)
    }

    /// Whether what the points say of the shard is so.
    fn may_upsert(&self, points: &PointBatch) -> Result<()> {
        let fields = self.shard.fields.read();
        let unknown = |at: usize, what: &str, name: &str| {
            Err(ShardError::Invalid(format!(
                "points[{at}]: the collection has no {what} {name:?}: create it first"
            )))
        };
        for (at, point) in points.points.iter().enumerate() {
            if let Some(sparse) = point.sparse.iter().find(|sparse| !fields.schema().has_sparse(&sparse.name))
            {
                return unknown(at, "sparse vector", &sparse.name);
            }
            for named in &point.vectors {
                let Some(declared) = fields.schema().vector(&named.name) else {
                    return unknown(at, "vector", &named.name);
                };
                let what = format!("points[{at}].vectors.{}", named.name);
                check_vector(&named.vector, &declared.spec()?, &what)?;
            }
            if let Some(expected) = point.if_version {
                self.has_version(&fields, &point.id, expected)?;
            }
        }
        Ok(())
    }

    fn has_version(&self, fields: &Fields, id: &str, expected: u64) -> Result<()> {
        let slot = fields.rows.slot_of(id);
        let found = slot.map_or(0, |slot| self.generation.slot(slot).written().index);
        match found == expected {
            true => Ok(()),
            false => Err(ShardError::VersionConflict { id: id.into(), found, expected }),
        }
    }

    fn have_version(&self, ids: &[String], expected: Option<u64>) -> Result<()> {
        let Some(expected) = expected else { return Ok(()) };
        let fields = self.shard.fields.read();
        ids.iter().try_for_each(|id| self.has_version(&fields, id, expected))
    }

    fn upsert(
        &self,
        writer: &mut Writer,
        mut batch: Batch,
        points: &PointBatch,
        vectors: &[Vec<f32>],
    ) -> Result<Applied> {
        self.may_upsert(points)?;
        let ids = points.points.iter().map(|point| point.id.as_str());
        changes::record(&mut batch, self.index, writer::present(&self.shard.fields.read().rows, ids));
        self.write(writer, batch, &points.points, vectors)
    }

    fn mutate(&self, writer: &mut Writer, mut batch: Batch, mutation: &Mutation) -> Result<Applied> {
        let points = self.mutated(mutation)?;
        changes::record_ids(&mut batch, self.index, points.iter().map(|point| point.id.as_str()));
        if matches!(mutation.action, Some(Action::Delete(_))) {
            let ids: Vec<String> = points.into_iter().map(|point| point.id).collect();
            return self.delete(writer, batch, &ids, self.applied(ids.len()));
        }
        let vectors: Vec<Vec<f32>> =
            points.iter().map(|point| self.shard.index_form(&point.vector)).collect();
        self.write(writer, batch, &points, &vectors)
    }

    /// Puts the points, of which `expires_at_ms` counts where there is no `ttl_ms`; of equal ids the last stays.
    fn write(
        &self,
        writer: &mut Writer,
        mut batch: Batch,
        points: &[PointData],
        vectors: &[Vec<f32>],
    ) -> Result<Applied> {
        let now_ms = self.command.proposed_at_ms;
        let mut expiries = Vec::new();
        for (ordinal, point) in points.iter().enumerate() {
            let version = Version { index: self.index, ordinal: ordinal as u32 };
            let expires_at_ms = point.expiry(now_ms);
            expiries.push(expires_at_ms);
            let (sparse, vectors) = (point.sparse.clone(), point.vectors.clone());
            let extras = PointExtras { expires_at_ms, sparse, vectors }.encode_to_vec();
            let (vector, payload) = (&point.vector, &point.payload);
            let stored = StoredPoint { version, written_at_ms: now_ms, vector, extras: &extras, payload };
            batch.put(&point::key(&point.id), &stored.encode());
        }
        let mut placing = self.shard.place(self.generation, self.index, points, vectors)?;
        placing.put(&mut batch, self.index);
        let applied = self.applied(points.len());
        writer.sessions.remember(&mut batch, self.command, &applied);
        self.shard.store.write(batch)?;
        let ids = || points.iter().map(|point| point.id.as_str());
        let stays = || placing.stays.iter().copied();
        let pushed = ids().zip(vectors.iter().map(Vec::as_slice)).enumerate().zip(stays());
        let pushed = pushed.filter(|(_, stays)| !stays).map(|(point, _)| point);
        let first = writer::push(self.generation, self.index, pushed)?;
        let mut fields = self.shard.fields.write();
        self.forget(&mut fields, &placing.before);
        writer.upsert(self.generation, &mut fields, self.index, first, ids().zip(stays()));
        for (id, document) in &placing.after {
            let Some(row) = fields.rows.row(id) else { continue };
            let Some(slot) = fields.rows.slot(row) else { continue };
            fields.insert_document(row, document, &self.generation.slot(slot).id)?;
        }
        ids().zip(expiries).for_each(|(id, at_ms)| writer.expiries.set(id, at_ms));
        self.publish(&mut fields);
        Ok(applied)
    }

    fn delete(
        &self,
        writer: &mut Writer,
        mut batch: Batch,
        ids: &[String],
        applied: Applied,
    ) -> Result<Applied> {
        let wants_documents = self.shard.fields.read().wants_documents();
        for id in ids {
            batch.delete(&point::key(id));
            if self.shard.may_have_origins(self.generation, id, wants_documents) {
                batch.delete(&origins::key(id));
            }
        }
        writer.sessions.remember(&mut batch, self.command, &applied);
        let documents = match wants_documents {
            true => self.documents(ids.iter().map(String::as_str))?,
            false => Vec::new(),
        };
        self.shard.store.write(batch)?;
        let mut fields = self.shard.fields.write();
        self.forget(&mut fields, &documents);
        writer.delete(self.generation, &mut fields, self.index, ids.iter());
        ids.iter().for_each(|id| writer.expiries.set(id, 0));
        self.publish(&mut fields);
        Ok(applied)
    }

    /// Takes what the indexes know of the points out of them.
    fn forget(&self, fields: &mut Fields, documents: &[(&str, Document)]) {
        for (id, document) in documents {
            let Some(row) = fields.rows.row(id) else { continue };
            if let Some(slot) = fields.rows.slot(row) {
                fields.remove_document(row, document, &self.generation.slot(slot).id, self.index);
            }
        }
    }

    /// What the indexes know of those of the points that are there, each once.
    fn documents<'a>(&self, ids: impl Iterator<Item = &'a str>) -> Result<Vec<(&'a str, Document)>> {
        let mut ids: Vec<&str> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let there = self.shard.stored_with_origins(&ids)?.into_iter();
        let document = |stored: &[u8], known: Option<&[u8]>| {
            let stored = StoredPoint::decode(stored)?;
            Document::stored(&stored, Some(&Origins::read(stored.version, known)?))
        };
        there.map(|(id, stored, known)| Ok((id, document(&stored, known.as_deref())?))).collect()
    }

    /// The points that the mutation changes, as they are afterwards.
    fn mutated(&self, mutation: &Mutation) -> Result<Vec<PointData>> {
        self.have_version(&mutation.ids, mutation.if_version)?;
        let schema = std::sync::Arc::clone(self.shard.fields.read().schema());
        let filter = mutation.filter.as_ref().map(|filter| Filter::new(filter, &schema)).transpose()?;
        let mut seen = std::collections::HashSet::new();
        let ids: Vec<&String> = mutation.ids.iter().filter(|id| seen.insert(id.as_str())).collect();
        let ids: Vec<&str> = ids.into_iter().map(String::as_str).collect();
        let (mut points, mut bytes) = (Vec::new(), 0);
        self.shard.visit_stored(&ids, &Until::default(), |place, value| {
            let (Some(value), Some(id)) = (value, ids.get(place)) else { return Ok(true) };
            let mut stored = StoredPoint::decode(&value)?;
            if let Some(filter) = &filter
                && !filter.holds(id, &Document::new(stored.payload, PointExtras::default(), None)?.payload)
            {
                return Ok(true);
            }
            let payload = match &mutation.action {
                Some(Action::Change(change)) => change.apply(std::mem::take(&mut stored.payload))?,
                _ => std::mem::take(&mut stored.payload).into(),
            };
            if matches!(mutation.action, Some(Action::Delete(_))) {
                // Its id is all that is asked for.
                points.push(PointData { id: (*id).into(), ..PointData::default() });
                return Ok(true);
            }
            bytes += stored.vector.len() + payload.len();
            if bytes > MAX_CHANGED_BYTES {
                return Err(ShardError::TooLarge { what: "the changed points", max: MAX_CHANGED_BYTES });
            }
            points.push(PointData { payload, ..data(id, &stored)? });
            Ok(true)
        })?;
        Ok(points)
    }
}
