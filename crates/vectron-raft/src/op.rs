//! What the operations of a shard, as they travel from the gateway, mean to a node, and its answers
//! (proto/worker/data/data.proto). The worker's TypeScript passes both through undecoded.

use crate::group::Consistency;
use crate::{NodeError, Result};
use prost::Message;
use vectron_shard::Applied;
use vectron_shard::proto::consistency::Level;
use vectron_shard::proto::shard_outcome::Outcome;
use vectron_shard::proto::{ShardOp, ShardOutcome, Written};

/// What a read must see.
pub fn consistency(op: &ShardOp) -> Consistency {
    match op.consistency.and_then(|consistency| consistency.level) {
        None | Some(Level::Linearizable(false)) => Consistency::Any,
        Some(Level::Linearizable(true)) => Consistency::Linearizable,
        Some(Level::AtLeast(index)) => Consistency::AtLeast(index),
        Some(Level::BoundedMs(ms)) => Consistency::Bounded(u64::from(ms)),
    }
}

/// The outcome of a write.
pub fn written(applied: &Applied) -> Outcome {
    Outcome::Written(Written { index: applied.index, affected: applied.affected })
}

/// The encoded `ShardOutcome` of an operation that was not carried out.
pub fn refusal(error: NodeError) -> Vec<u8> {
    answer(Err(error)).encode_to_vec()
}

/// The answer to an operation: its outcome with the log index as of which it was answered, or why there is none.
pub fn answer(outcome: Result<(Outcome, u64)>) -> ShardOutcome {
    match outcome {
        Ok((outcome, applied_index)) => {
            ShardOutcome { outcome: Some(outcome), applied_index, ..Default::default() }
        }
        Err(e) => {
            let (error_code, error_message) = (e.code().name().into(), e.to_string());
            let failed = ShardOutcome { error_code, error_message, ..Default::default() };
            match e {
                NodeError::StaleEpoch { current, .. } => ShardOutcome { epoch: current, ..failed },
                NodeError::NotLeader { leader, .. } => ShardOutcome { leader, ..failed },
                NodeError::ChangesGone { first, .. } => ShardOutcome { first_index: first, ..failed },
                _ => failed,
            }
        }
    }
}
