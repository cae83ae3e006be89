//! The messages that the core takes, answers and stores, generated from `proto/` by `npm run proto`: what a gateway asks
//! of a shard (`worker/data/data.proto`), filters (`apigateway/filter.proto`), and what is in logs and stores
//! (`shard/stored.proto`). Their behaviour is in the modules of their nouns. A field that is an encoded message is so
//! because it goes into the log as it came; `scripts/rust-protos` lists those.

#[rustfmt::skip]
#[path = "generated/vectron.v1.rs"]
mod filters;
#[rustfmt::skip]
#[path = "generated/vectron.shard.v1.rs"]
mod stored;
#[rustfmt::skip]
#[path = "generated/vectron.workerdata.v1.rs"]
mod workerdata;

pub use filters::*;
pub use stored::*;
pub use workerdata::*;
