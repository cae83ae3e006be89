//! Writes the Rust messages and error codes of `proto/` into the `generated` folders of the crates. Reads a `FileDescriptorSet`, as
//! `buf build` makes it, from standard input; the argument is the root of the repository. Run by `scripts/proto.mjs`.

mod error_codes;

use prost::Message;
use prost_build::Config;
use prost_types::field_descriptor_proto::Type;
use prost_types::{FieldDescriptorProto, FileDescriptorSet};
use std::collections::HashSet;
use std::io::Read;
use std::path::Path;

pub type Error = Box<dyn std::error::Error>;

/// One package, generated into one file of one crate.
struct Output {
    crate_name: &'static str,
    /// Its only files that Rust needs.
    files: &'static [&'static str],
    package: &'static str,
    /// Where other crates and packages find its messages: `in_crate` within its own crate.
    in_crate: &'static str,
    outside: &'static str,
}

const OUTPUTS: [Output; 4] = [
    Output {
        crate_name: "vectron-shard",
        files: &["apigateway/filter.proto"],
        package: "vectron.v1",
        in_crate: "crate::proto",
        outside: "vectron_shard::proto",
    },
    Output {
        crate_name: "vectron-shard",
        files: &["worker/data/data.proto"],
        package: "vectron.workerdata.v1",
        in_crate: "crate::proto",
        outside: "vectron_shard::proto",
    },
    Output {
        crate_name: "vectron-shard",
        files: &["shard/stored.proto"],
        package: "vectron.shard.v1",
        in_crate: "crate::proto",
        outside: "vectron_shard::proto",
    },
    Output {
        crate_name: "vectron-raft",
        files: &["raft/raft.proto"],
        package: "vectron.raft.v1",
        in_crate: "crate::proto",
        outside: "vectron_raft::proto",
    },
];

/// Message fields that Rust takes as the bytes of the encoded message: both are the same on the wire, and what a client
/// encoded goes into the log, and to replicas, without being decoded.
const RAW: [(&str, &str); 8] = [
    ("vectron.workerdata.v1.ShardOp", "upsert"),
    ("vectron.workerdata.v1.ShardOp", "delete"),
    ("vectron.workerdata.v1.ShardOp", "mutate"),
    ("vectron.workerdata.v1.ShardOp", "declare"),
    ("vectron.shard.v1.LogCommand", "upsert"),
    ("vectron.shard.v1.LogCommand", "delete"),
    ("vectron.shard.v1.LogCommand", "mutation"),
    ("vectron.raft.v1.Entry", "command"),
];

/// Byte fields that share the memory of the message they came in.
const SHARED: [&str; 2] = [".vectron.raft.v1.Entry.command", ".vectron.raft.v1.SnapshotPiece.data"];

fn main() -> Result<(), Error> {
    let root = std::env::args().nth(1).ok_or("the argument is the root of the repository")?;
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let mut set = FileDescriptorSet::decode(bytes.as_slice())?;
    let needed: HashSet<&str> = OUTPUTS.iter().flat_map(|output| output.files.iter().copied()).collect();
    error_codes::write(&set, Path::new(&root))?;
    set.file.retain(|file| needed.contains(file.name()));
    if set.file.len() != needed.len() {
        return Err(format!("not every one of {needed:?} is in the descriptor set").into());
    }
    let mut made_raw = 0;
    for file in &mut set.file {
        let package = file.package().to_owned();
        for message in &mut file.message_type {
            let name = format!("{package}.{}", message.name());
            for field in &mut message.field {
                if RAW.contains(&(name.as_str(), field.name())) {
                    make_raw(field)?;
                    made_raw += 1;
                }
            }
        }
    }
    if made_raw != RAW.len() {
        return Err(format!("only {made_raw} of the fields {RAW:?} are in the descriptor set").into());
    }
    OUTPUTS.iter().try_for_each(|output| generate(output, &set, Path::new(&root)))
}

fn make_raw(field: &mut FieldDescriptorProto) -> Result<(), Error> {
    if field.r#type() != Type::Message {
        return Err(format!("{} is no message", field.name()).into());
    }
    field.set_type(Type::Bytes);
    field.type_name = None;
    if field.oneof_index.is_none() {
        // A message field knows whether it is set.
        field.proto3_optional = Some(true);
    }
    Ok(())
}

fn generate(output: &Output, set: &FileDescriptorSet, root: &Path) -> Result<(), Error> {
    let dir = root.join("crates").join(output.crate_name).join("src/generated");
    std::fs::create_dir_all(&dir)?;
    let mut config = Config::new();
    config.out_dir(&dir).bytes(SHARED);
    for other in OUTPUTS.iter().filter(|other| other.package != output.package) {
        let same_crate = other.crate_name == output.crate_name;
        let path = if same_crate { other.in_crate } else { other.outside };
        config.extern_path(format!(".{}", other.package), path);
    }
    Ok(config.compile_fds(set.clone())?)
}
