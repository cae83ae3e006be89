// Plans for clusters of up to 1,000 workers and 100,000 shards: time of a round, rounds until rest, moves.
// node bench/placement/run.mjs [--json]
import { DEFAULT_LIMITS, plan } from '@vectron/placement-driver';
import Table from 'cli-table3';
import { seeded } from '../../apps/cli/dist/drill/load.js';
import { carriedOut, imbalanceOf, lost } from '../../apps/placement-driver/dist/plan-simulation.js';

const SIZES = [
  [10, 1_000],
  [100, 10_000],
  [1_000, 100_000],
];
const MOST_ROUNDS = 2_000;

function cluster(workers, shards, random) {
  const all = Array.from({ length: workers }, (_, at) => ({
    id: `w${at}`,
    number: at + 1,
    takes: true,
    alive: true,
    capacity: 100,
    region: 'r',
    zone: `z${at % 5}`,
    rack: `k${at % 20}`,
    cpuPercent: 20,
  }));
  const held = Array.from({ length: shards }, (_, at) => {
    const first = Math.floor(random() * workers);
    const voters = [0, 1, 2].map((step) => `w${(first + step) % workers}`);
    return {
      shardId: at + 1,
      collection: `c${at % 1_000}`,
      voters,
      leader: voters[at % 3],
      synced: voters,
      bytes: Math.floor(random() * 64) * 2 ** 20,
      load: random() * 10,
      busy: false,
      restingUntilMs: 0,
      siblings: 100,
      divisible: true,
    };
  });
  return { nowMs: 1_000, workers: all, shards: held, moving: new Map(), running: 0 };
}

/** Rounds until nothing is left to do. */
function converge(from, limits) {
  let state = from;
  const times = [];
  let moves = 0;
  let most = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const started = performance.now();
    const { actions } = plan(state, limits);
    times.push(performance.now() - started);
    if (actions.length === 0) return { state, times, moves, most, rounds: round };
    const now = actions.filter(({ kind }) => kind === 'move').length;
    moves += now;
    most = Math.max(most, now);
    state = carriedOut(state, actions);
  }
  return { state, times, moves, most, rounds: Number.POSITIVE_INFINITY };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const rows = [];
for (const [workers, shards] of SIZES) {
  const random = seeded(20261121);
  // As many moves at a time as there are pairs of workers, each in two at most; leads likewise.
  const limits = { ...DEFAULT_LIMITS, maxRunning: Math.max(4, workers / 2), maxTransfers: Math.max(8, workers / 4) };
  const settled = converge(cluster(workers, shards, random), limits).state;
  const gone = Math.max(1, workers / 100);
  let short = settled;
  for (let at = 0; at < gone; at++) short = lost(short, `w${at * 7}`);
  const replicasLost = settled.shards.reduce(
    (sum, { voters }) =>
      sum + voters.filter((id) => Array.from({ length: gone }, (_, at) => `w${at * 7}`).includes(id)).length,
    0,
  );
  const added = Array.from({ length: Math.max(1, workers / 10) }, (_, at) => ({
    ...settled.workers[at],
    id: `new${at}`,
    number: workers + at + 1,
    cpuPercent: 1,
  }));
  const scenarios = {
    'placed at random': [cluster(workers, shards, seeded(7)), ''],
    [`${gone} worker${gone > 1 ? 's' : ''} lost`]: [short, `${replicasLost} replicas to make`],
    [`${added.length} worker${added.length > 1 ? 's' : ''} added`]: [
      { ...settled, workers: [...settled.workers, ...added] },
      '',
    ],
    'nothing to do': [settled, ''],
  };
  for (const [name, [state, note]] of Object.entries(scenarios)) {
    const before = imbalanceOf(state);
    const { state: end, times, moves, most, rounds } = converge(state, limits);
    const apart = end.shards.every(({ voters }) => new Set(voters).size === 3);
    rows.push({
      workers,
      shards,
      scenario: name,
      note,
      rounds,
      moves,
      movesARound: most,
      limit: limits.maxRunning,
      roundMedianMs: Math.round(median(times) * 10) / 10,
      roundMostMs: Math.round(Math.max(...times) * 10) / 10,
      imbalanceBefore: Math.round(before * 100),
      imbalanceAfter: Math.round(imbalanceOf(end) * 100),
      apart,
    });
  }
}
if (process.argv.includes('--json')) console.log(JSON.stringify(rows, null, 2));
else {
  const table = new Table({
    head: [
      'workers',
      'shards',
      'what',
      'rounds',
      'moves',
      'a round (limit)',
      'ms a round: median',
      'most',
      'imbalance before',
      'after',
    ],
  });
  for (const row of rows) {
    table.push([
      row.workers,
      row.shards,
      `${row.scenario}${row.note && `, ${row.note}`}`,
      row.rounds,
      row.moves,
      `${row.movesARound} (${row.limit})`,
      row.roundMedianMs,
      row.roundMostMs,
      `${row.imbalanceBefore} %`,
      `${row.imbalanceAfter} %`,
    ]);
  }
  console.log(table.toString());
}
if (
  rows.some(
    ({ rounds, roundMostMs, movesARound, limit, apart }) =>
      !Number.isFinite(rounds) || roundMostMs > 1_000 || movesARound > limit || !apart,
  )
) {
  console.error('a plan did not come to rest, took longer than a second a round, or broke its limits');
  process.exitCode = 1;
}
