//! The points of a shard as they stood after one entry, for pages that are read while the shard goes on.
//!
//! Not an index: a page walks the points by id, and a filter reads the payload of each.

use crate::apply::data;
use crate::fields::Document;
use crate::filter::Filter;
use crate::point::{self, StoredPoint};
use crate::proto::{PageFound, PageOp, PointData, PointExtras};
use crate::reading::Until;
use crate::schema::Schema;
use crate::{Result, Shard, ShardError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vectron_storage::Store;

/// See the module. Thread-safe. Its files, if it has any, are removed with the value.
pub struct View {
    /// Taken by `drop`, before the files go.
    store: Option<Store>,
    dir: PathBuf,
    schema: Arc<Schema>,
    applied: u64,
    points: u64,
}

impl Shard {
    /// The state as of the last applied entry. `dir` must not exist; the view of a shard that holds little does not make it, and
    /// costs the memory of its entries once the shard is written to. Entries wait while what is in memory is written, a moment
    /// after a [`Shard::flush`].
    pub fn view(&self, dir: &Path) -> Result<View> {
        if self.store.is_database() {
            self.store.flush()?;
        }
        let _entries_wait = self.writer.lock();
        let generation = self.generation.load();
        let schema = Arc::clone(self.fields.read().schema());
        let (applied, points) = (generation.applied(), generation.live());
        Ok(View { store: Some(self.store.frozen(dir)?), dir: dir.to_owned(), schema, applied, points })
    }
}

impl View {
    /// The last entry that is in it.
    pub fn applied_index(&self) -> u64 {
        self.applied
    }

    /// Points in it.
    pub fn points(&self) -> u64 {
        self.points
    }

    /// The points after `request.after`, by id (byte order), that pass the filter; an order by a value is refused. A page that is
    /// not finished `until` then is an error: a short one would be taken for the end.
    pub fn page(&self, request: &PageOp, until: &Until) -> Result<PageFound> {
        if request.order_by.is_some() {
            return Err(ShardError::Invalid("a snapshot can only be read by id; omit order_by".into()));
        }
        let filter = request.filter.as_ref().map(|filter| Filter::new(filter, &self.schema)).transpose()?;
        let mut page = Page { request, filter, found: PageFound::default(), bytes: 0, failure: None };
        page.found.unindexed = page.filter.is_some();
        let from = match request.after.as_str() {
            "" => point::PREFIX.to_vec(),
            id => [&point::key(id)[..], &[0]].concat(),
        };
        let Some(store) = &self.store else { return Ok(page.found) };
        store.scan(&from, |key, value| {
            let Some(id) = key.strip_prefix(point::PREFIX) else { return false };
            if let Err(over) = until.check() {
                page.failure = Some(over);
                return false;
            }
            page.take(&String::from_utf8_lossy(id), value)
        })?;
        page.failure.map_or(Ok(page.found), Err)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.store = None;
        // What is left behind is removed when the engine is opened the next time.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A page while it is filled.
struct Page<'a> {
    request: &'a PageOp,
    filter: Option<Filter>,
    found: PageFound,
    bytes: usize,
    failure: Option<ShardError>,
}

impl Page<'_> {
    /// Takes a stored point in, if it passes. `false`: the page is full, or the point cannot be read.
    fn take(&mut self, id: &str, value: &[u8]) -> bool {
        if self.found.points.len() >= self.request.limit as usize {
            self.found.more = true;
            return false;
        }
        match self.point(id, value) {
            Ok(None) => true,
            Ok(Some(point)) => {
                self.bytes += value.len() + id.len();
                if self.request.max_bytes > 0
                    && self.bytes > self.request.max_bytes as usize
                    && !self.found.points.is_empty()
                {
                    self.found.more = true;
                    return false;
                }
                self.found.points.push(point);
                true
            }
            Err(failure) => {
                self.failure = Some(failure);
                false
            }
        }
    }

    /// `None`: it does not pass.
    fn point(&self, id: &str, value: &[u8]) -> Result<Option<PointData>> {
        let stored = StoredPoint::decode(value)?;
        if let Some(filter) = &self.filter
            && !filter.holds(id, &Document::new(stored.payload, PointExtras::default(), None)?.payload)
        {
            return Ok(None);
        }
        if self.request.ids_only {
            return Ok(Some(PointData { id: id.into(), ..PointData::default() }));
        }
        data(id, &stored).map(Some)
    }
}
