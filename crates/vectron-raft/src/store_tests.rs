//! The consensus library's own suite of what it expects of a log and a state machine, on ours.

use crate::disk::RocksLog;
use crate::log::GroupLog;
use crate::machine::Machine;
use crate::replica::{self, Replica};
use crate::types::Config;
use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use vectron_shard::{Metric, ShardSpec};
use vectron_storage::Resources;

struct Builder;

impl StoreBuilder<Config, GroupLog, Machine, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, GroupLog, Machine), StorageError<Config>> {
        let dir = tempfile::tempdir().unwrap();
        let resources = Arc::new(Resources::new(1 << 20, 1 << 20));
        let disk = RocksLog::open(&dir.path().join("log"), &resources, Duration::from_secs(1)).unwrap();
        let log = GroupLog::open(1, Arc::new(disk)).unwrap();
        let shard = dir.path().join("1");
        replica::prepare(&shard, 1, 1).unwrap();
        let spec = ShardSpec::new(2, Metric::Euclidean);
        let replica = Replica::open(1, 1, &shard, spec, resources, log.clone()).unwrap();
        Ok((dir, log, replica.machine().unwrap()))
    }
}

#[test]
fn the_log_and_the_state_machine_pass_the_librarys_suite() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(Suite::test_all(Builder)).unwrap();
}
