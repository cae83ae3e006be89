//! Three replicas on a simulated network and simulated disks: crashes that take what was not synced, partitions, cuts in
//! one direction, snapshots, retries. Clients with keys of their own check every answer. Each seed is a schedule of
//! faults; election timeouts are the library's own and random, so a seed narrows a run down but does not repeat it to
//! the microsecond.
//!
//! `VECTRON_SIM_SEEDS=N` runs that many seeds instead of the default, `VECTRON_SIM_SEED=N` that one.

use crate::disk::{Change, LogDisk, Write};
use crate::faults::{Mutant, plant};
use crate::group::{self, Consistency, Timing};
use crate::log::GroupLog;
use crate::proto;
use crate::replica::{self, Replica, Wanted};
use crate::snapshot::{Receiving, Source};
use crate::transport::{Accepted, Acceptor, Boxed, Call, Handler, Kind, Net, Secret, Stream, Transport};
use crate::types::Vote;
use crate::{NodeError, Result};
use bytes::Bytes;
use parking_lot::Mutex;
use prost::Message;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use vectron_shard::proto::{IdBatch, LogCommand, Origin, PointBatch, PointData};
use vectron_shard::{Metric, ShardSpec};
use vectron_storage::Resources;

const SPEC: ShardSpec = ShardSpec { m: 4, ef_construction: 8, ..ShardSpec::new(1, Metric::Euclidean) };
const TIMING: Timing =
    Timing { heartbeat_ms: 50, election_min_ms: 300, election_max_ms: 600, snapshot_entries: 25 };
const HOSTS: usize = 3;
const CLIENTS: u8 = 3;
const KEYS: usize = 3;
/// Of simulated time: with faults, and after the last one.
const FAULTS_FOR: Duration = Duration::from_secs(12);
const RUN_FOR: Duration = Duration::from_secs(20);

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// A disk that remembers what was synced, and of the rest what luck has written, in order.
#[derive(Default)]
struct DiskState {
    view: Map,
    durable: Map,
    unsynced: VecDeque<Vec<Change>>,
    crashes: u64,
    submitted: u64,
    flushed: u64,
}

fn apply(map: &mut Map, changes: &[Change]) {
    for change in changes {
        match change {
            Change::Put(key, value) => {
                map.insert(key.clone(), value.clone());
            }
            Change::DeleteRange(from, to) => {
                let gone: Vec<_> = map.range(from.clone()..to.clone()).map(|(key, _)| key.clone()).collect();
                for key in gone {
                    map.remove(&key);
                }
            }
        }
    }
}

impl DiskState {
    fn flush_to(&mut self, number: u64) {
        while self.flushed < number {
            if let Some(changes) = self.unsynced.pop_front() {
                apply(&mut self.durable, &changes);
            }
            self.flushed += 1;
        }
    }
}

#[derive(Clone)]
struct SimDisk(Arc<Mutex<DiskState>>);

impl SimDisk {
    fn crash(&self, rng: &mut StdRng) {
        let mut disk = self.0.lock();
        let lucky = rng.random_range(0..=disk.unsynced.len()) as u64;
        let upto = disk.flushed + lucky;
        disk.flush_to(upto);
        disk.unsynced.clear();
        disk.flushed = disk.submitted;
        disk.view = disk.durable.clone();
        disk.crashes += 1;
    }
}

impl LogDisk for SimDisk {
    fn submit(&self, write: Write) {
        let (number, crashes) = {
            let mut disk = self.0.lock();
            apply(&mut disk.view, &write.changes);
            disk.unsynced.push_back(write.changes);
            disk.submitted += 1;
            (disk.submitted, disk.crashes)
        };
        let synced = write.synced && !crate::faults::no_fsync();
        let state = Arc::clone(&self.0);
        tokio::spawn(async move {
            let millis = if synced { rand::rng().random_range(1..8) } else { 0 };
            tokio::time::sleep(Duration::from_millis(millis)).await;
            {
                let mut disk = state.lock();
                if disk.crashes != crashes {
                    return;
                }
                if synced {
                    disk.flush_to(number);
                }
            }
            if let Some(done) = write.done {
                done(Ok(()));
            }
        });
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.0.lock().view.get(key).cloned())
    }

    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<()> {
        let disk = self.0.lock();
        for (key, value) in disk.view.range(from.to_vec()..) {
            if !visit(key, value) {
                break;
            }
        }
        Ok(())
    }
}

struct SimNet;

impl Net for SimNet {
    fn connect<'a>(&'a self, address: &'a str) -> Boxed<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(
            async move { Ok(Box::new(turmoil::net::TcpStream::connect(address).await?) as Box<dyn Stream>) },
        )
    }

    fn bind<'a>(&'a self, address: &'a str) -> Boxed<'a, io::Result<Box<dyn Acceptor>>> {
        Box::pin(async move {
            let listener = turmoil::net::TcpListener::bind(address).await?;
            Ok(Box::new(SimAcceptor(listener)) as Box<dyn Acceptor>)
        })
    }
}

struct SimAcceptor(turmoil::net::TcpListener);

impl Acceptor for SimAcceptor {
    fn accept(&mut self) -> Boxed<'_, io::Result<Accepted>> {
        Box::pin(async move {
            let (stream, _) = self.0.accept().await?;
            Ok(Box::pin(async move { Ok(Box::new(stream) as Box<dyn Stream>) }) as Accepted)
        })
    }

    fn local_address(&self) -> io::Result<String> {
        Ok(self.0.local_addr()?.to_string())
    }
}

/// What survives a host's crash, and how the test reaches into it.
struct Host {
    number: usize,
    dir: PathBuf,
    disk: SimDisk,
    up: Mutex<Option<(Arc<Replica>, Arc<Transport>)>>,
    /// The highest vote it has granted.
    granted: Mutex<Option<Vote>>,
    /// Set when it grants one.
    just_voted: AtomicBool,
}

fn id(number: usize) -> u64 {
    (number as u64) << 16 | 1
}

struct Answers(Arc<Host>, Receiving);

impl Handler for Answers {
    fn handle(self: Arc<Self>, call: Call) -> Boxed<'static, Result<Bytes>> {
        Box::pin(async move {
            let up = self.0.up.lock().clone();
            let (replica, _) = up.ok_or(NodeError::Closed)?;
            let kind = call.kind;
            let answer = group::answer(&replica, &self.1, false, call).await?;
            if kind == Kind::Vote
                && let Ok(proto::VoteResponse { granted: true, vote: Some(vote), .. }) =
                    proto::VoteResponse::decode(answer.clone())
            {
                let mut granted = self.0.granted.lock();
                let vote = Vote::from(vote);
                if granted.is_none_or(|before| before < vote) {
                    *granted = Some(vote);
                    self.0.just_voted.store(true, Ordering::Release);
                }
            }
            Ok(answer)
        })
    }
}

impl Host {
    async fn run(self: Arc<Self>) -> Result<()> {
        let shard_dir = self.dir.join("1");
        if !shard_dir.exists() {
            replica::prepare(&shard_dir, id(self.number), 1)?;
        }
        let resources = Arc::new(Resources::new(1 << 20, 1 << 20));
        let replica = loop {
            let log = GroupLog::open(1, Arc::new(self.disk.clone()))?;
            match Replica::open(1, id(self.number), &shard_dir, SPEC, Arc::clone(&resources), log) {
                Ok(replica) => break replica,
                // A client still holds the store of before the crash.
                Err(e) if e.to_string().contains("lock") => {
                    tokio::time::sleep(Duration::from_millis(50)).await
                }
                Err(e) => return Err(e),
            }
        };
        let stored: Option<Vote> = openraft::RaftLogReader::read_vote(&mut replica.log.clone()).await?;
        let granted = *self.granted.lock();
        assert!(stored >= granted, "replica {} granted {granted:?} and remembers {stored:?}", self.number);
        let transport = Transport::new(Arc::new(SimNet), Secret::new(b"sim"));
        transport
            .set_addresses((1..=HOSTS).map(|n| (n as u64, format!("n{n}:6301"))).collect::<HashMap<_, _>>());
        group::start(&replica, &transport, &TIMING, Box::new(|_| ())).await?;
        *self.up.lock() = Some((Arc::clone(&replica), Arc::clone(&transport)));
        let answers = Arc::new(Answers(Arc::clone(&self), Receiving::default()));
        let (_, serve) = transport.listen("0.0.0.0:6301", answers).await?;
        let first: Vec<u64> = (1..=HOSTS).map(id).collect();
        let voters: BTreeSet<u64> = first.iter().copied().collect();
        group::want(&replica, Wanted { voters, learners: BTreeSet::new(), first }).await?;
        drop(replica);
        serve.await;
        Ok(())
    }
}

/// What one key may hold: a value it is known to have had, or one of a write whose outcome is not known. The next write
/// that is acknowledged ends those: their client has given them up.
#[derive(Debug, Clone, Default)]
struct Key {
    known: Option<u64>,
    unknown: BTreeSet<Option<u64>>,
}

struct Client {
    name: u8,
    hosts: Vec<Arc<Host>>,
    rng: StdRng,
    keys: Vec<Key>,
    next: u64,
    acknowledged: Arc<AtomicU64>,
}

fn tag(name: u8, key: usize) -> String {
    format!("{name}-{key}")
}

impl Client {
    fn any_host(&mut self) -> Option<(Arc<Replica>, Arc<Transport>)> {
        let at = self.rng.random_range(0..HOSTS);
        self.hosts[at].up.lock().clone()
    }

    /// Writes until it is acknowledged, or gives up not knowing. `Some(affected)` when acknowledged.
    async fn write(&mut self, command: LogCommand) -> Option<u32> {
        let command = Bytes::from(command.encode_to_vec());
        let mut answer = None;
        for _ in 0..12 {
            let Some((replica, _)) = self.any_host() else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let tried = group::propose(&replica, command.clone());
            match tokio::time::timeout(Duration::from_millis(1500), tried).await {
                Ok(Ok(applied)) => {
                    let lost = self.rng.random_bool(0.2) && answer.is_none();
                    assert!(
                        answer.is_none_or(|before| before == applied.affected),
                        "a retry got another answer"
                    );
                    answer = Some(applied.affected);
                    // As if the answer had been lost: the same write again.
                    if !lost {
                        return answer;
                    }
                }
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        answer
    }

    async fn step(&mut self) {
        let key = self.rng.random_range(0..KEYS);
        let name = tag(self.name, key);
        self.next += 1;
        let value = self.next;
        let origin = Some(Origin { client: vec![self.name; 16], sequence: value, pending_from: value });
        let dice = self.rng.random_range(0..10);
        if dice < 4 {
            let payload = format!("{{\"v\":{value}}}").into_bytes();
            let vector = 1f32.to_le_bytes().to_vec();
            let points = vec![PointData { id: name, vector, payload, ..PointData::default() }];
            let upsert = Some(PointBatch { points }.encode_to_vec());
            let written = self.write(LogCommand { upsert, origin, ..Default::default() }).await;
            self.note(key, Some(value), written.is_some());
        } else if dice < 6 {
            let before = self.keys[key].clone();
            let delete = Some(IdBatch { ids: vec![name], ..Default::default() }.encode_to_vec());
            let written = self.write(LogCommand { delete, origin, ..Default::default() }).await;
            if let Some(affected) = written {
                let mut could_be = before.unknown.iter().chain([&before.known]);
                let could_be = could_be.any(|value| value.is_some() == (affected == 1));
                assert!(could_be, "a delete says {affected}, and key {key} was {before:?}");
            }
            self.note(key, None, written.is_some());
        } else {
            self.read(key).await;
        }
    }

    fn note(&mut self, key: usize, value: Option<u64>, acknowledged: bool) {
        if acknowledged {
            self.keys[key] = Key { known: value, unknown: BTreeSet::new() };
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        } else {
            self.keys[key].unknown.insert(value);
        }
    }

    /// A linearizable read, of any replica. Returns whether it was answered.
    async fn read(&mut self, key: usize) -> bool {
        let Some((replica, transport)) = self.any_host() else { return false };
        let deadline = tokio::time::Instant::now() + Duration::from_millis(800);
        let ready = group::ready(&replica, &transport, Consistency::Linearizable, deadline);
        match tokio::time::timeout(Duration::from_millis(1000), ready).await {
            Ok(Ok(())) => {}
            _ => return false,
        }
        let found = replica.shard().get(&tag(self.name, key)).unwrap();
        let found = found.map(|(point, _)| {
            String::from_utf8(point.payload).unwrap()[5..].trim_end_matches('}').parse::<u64>().unwrap()
        });
        let possible = &mut self.keys[key];
        let right = possible.known == found || possible.unknown.contains(&found);
        assert!(
            right,
            "key {key} is {found:?} and can only be {possible:?}, says replica {} at {}",
            replica.id >> 16,
            replica.shard().applied_index(),
        );
        possible.known = found;
        true
    }
}

/// Runs one schedule of faults; panics when an answer was wrong. Returns how many writes were acknowledged.
fn run(seed: u64) -> u64 {
    let mut rng = StdRng::seed_from_u64(seed);
    let dirs = tempfile::tempdir().unwrap();
    let hosts: Vec<Arc<Host>> = (1..=HOSTS)
        .map(|number| {
            Arc::new(Host {
                number,
                dir: dirs.path().join(number.to_string()),
                disk: SimDisk(Arc::default()),
                up: Mutex::default(),
                granted: Mutex::default(),
                just_voted: AtomicBool::new(false),
            })
        })
        .collect();
    let mut sim = turmoil::Builder::new()
        .simulation_duration(RUN_FOR + Duration::from_secs(60))
        .tick_duration(Duration::from_millis(1))
        .min_message_latency(Duration::from_millis(0))
        .max_message_latency(Duration::from_millis(6))
        .rng_seed(seed)
        .build();
    for host in &hosts {
        let host = Arc::clone(host);
        sim.host(format!("n{}", host.number), move || {
            let host = Arc::clone(&host);
            async move { host.run().await.map_err(|e| e.to_string().into()) }
        });
    }
    let acknowledged = Arc::new(AtomicU64::new(0));
    let healed = Arc::new(AtomicBool::new(false));
    for name in 0..CLIENTS {
        let mut client = Client {
            name,
            hosts: hosts.clone(),
            rng: StdRng::seed_from_u64(seed << 8 | u64::from(name)),
            keys: vec![Key::default(); KEYS],
            next: 0,
            acknowledged: Arc::clone(&acknowledged),
        };
        let healed = Arc::clone(&healed);
        sim.client(format!("c{name}"), async move {
            while turmoil::elapsed() < RUN_FOR || !healed.load(Ordering::Acquire) {
                client.step().await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            for key in 0..KEYS {
                let mut tries = 0;
                while !client.read(key).await {
                    tries += 1;
                    assert!(tries < 100, "no strong read after everything was healed");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            Ok(())
        });
    }
    let mut next_fault = Duration::from_millis(900);
    let mut down: BTreeSet<usize> = BTreeSet::new();
    loop {
        let now = sim.elapsed();
        if now >= next_fault && now < FAULTS_FOR {
            next_fault = now + Duration::from_millis(rng.random_range(150..900));
            let n = rng.random_range(0..HOSTS);
            let other = (n + rng.random_range(1..HOSTS)) % HOSTS;
            let name = |n: usize| format!("n{}", n + 1);
            match rng.random_range(0..10) {
                0 | 1 => crash(&mut sim, &hosts[n], &mut down, &mut rng),
                2 => (0..HOSTS).for_each(|n| crash(&mut sim, &hosts[n], &mut down, &mut rng)),
                3 | 4 => start(&mut sim, &mut down),
                5 => sim.partition(name(n), name(other)),
                6 => sim.partition_oneway(name(n), name(other)),
                7 => (0..HOSTS).filter(|m| *m != n).for_each(|m| sim.partition(name(n), name(m))),
                _ => {
                    for a in 0..HOSTS {
                        (0..HOSTS).filter(|b| *b != a).for_each(|b| sim.repair(name(a), name(b)));
                    }
                }
            }
        }
        // The moment in which a vote that is not on the disk is lost.
        for host in &hosts {
            if host.just_voted.swap(false, Ordering::AcqRel) && now < FAULTS_FOR && rng.random_bool(0.15) {
                crash(&mut sim, host, &mut down, &mut rng);
            }
        }
        if now >= FAULTS_FOR && !healed.swap(true, Ordering::AcqRel) {
            start(&mut sim, &mut down);
            for a in 1..=HOSTS {
                (1..=HOSTS).filter(|b| *b != a).for_each(|b| sim.repair(format!("n{a}"), format!("n{b}")));
            }
        }
        if sim.step().unwrap() {
            break;
        }
    }
    // Equal logs make equal states.
    let replicas: Vec<Arc<Replica>> = hosts
        .iter()
        .filter_map(|host| host.up.lock().as_ref().map(|(replica, _)| Arc::clone(replica)))
        .collect();
    let states: Vec<(u64, u64)> = replicas
        .iter()
        .map(|replica| {
            let checkpoint = replica.checkpoint().unwrap();
            (checkpoint.applied, checkpoint.hash().unwrap() ^ checkpoint.applied)
        })
        .collect();
    for (applied, hash) in &states {
        assert!(
            states.iter().all(|(other, theirs)| other != applied || theirs == hash),
            "states differ: {states:?}"
        );
    }
    assert!(replicas.iter().all(|replica| replica.damage().is_none()), "a replica was taken for damaged");
    for host in &hosts {
        host.up.lock().take();
    }
    acknowledged.load(Ordering::Relaxed)
}

fn crash(sim: &mut turmoil::Sim<'_>, host: &Host, down: &mut BTreeSet<usize>, rng: &mut StdRng) {
    if down.insert(host.number) {
        sim.crash(format!("n{}", host.number));
        host.up.lock().take();
        host.disk.crash(rng);
    }
}

fn start(sim: &mut turmoil::Sim<'_>, down: &mut BTreeSet<usize>) {
    for number in std::mem::take(down) {
        sim.bounce(format!("n{number}"));
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_schedule_of_faults_makes_an_answer_wrong() {
    if let Some(seed) = number("VECTRON_SIM_SEED") {
        println!("seed {seed}: {} writes acknowledged", run(seed));
        return;
    }
    let seeds = number("VECTRON_SIM_SEEDS").unwrap_or(200);
    let next = AtomicU64::new(0);
    let total = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let outcome = std::panic::catch_unwind(|| run(seed));
                    assert!(outcome.is_ok(), "seed {seed} failed: repeat it with VECTRON_SIM_SEED={seed}");
                    total.fetch_add(outcome.unwrap_or(0), Ordering::Relaxed);
                }
            });
        }
    });
    let total = total.into_inner();
    println!("{seeds} schedules of faults, {total} writes acknowledged");
    assert!(total > seeds * 50, "too little was done to prove anything: {total} writes in {seeds} runs");
}

/// Whether some seed of the first `seeds` notices the mutant.
fn caught(mutant: Mutant, seeds: u64) -> bool {
    plant(Some(mutant));
    let caught = (1000..1000 + seeds).find(|seed| std::panic::catch_unwind(|| run(*seed)).is_err());
    plant(None);
    println!("{mutant:?}: caught by {caught:?}");
    caught.is_some()
}

#[test]
fn planted_faults_are_noticed() {
    use Mutant::*;
    let all = [
        NoFsync,
        VoteNotSynced,
        AckBeforeCommit,
        FollowerReadsAsStrong,
        NoTombstonesInSnapshots,
        ApplyTwice,
        NoDeduplication,
    ];
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let missed: Vec<Mutant> = all.into_iter().filter(|mutant| !caught(*mutant, 20)).collect();
    std::panic::set_hook(hook);
    assert_eq!(missed, [], "not noticed within 20 seeds");
}
