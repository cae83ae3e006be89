import Table from 'cli-table3';
import { mib } from './judge.mjs';

const SEARCHES = ['search REST', 'search gRPC', 'search WebSocket'];
const HEAD = [
  ...['attack', 's', 'healthz p50/p99/max ms', 'searches', 'writes', 'failed', 'CPU s'],
  ...['memory MiB', 'files', 'disk +MiB', 'log +KiB', 'sent', 'got'],
];

/** The figures of every round. */
export function table(rounds) {
  const shown = new Table({ head: HEAD, style: { head: [], border: [], compact: true }, wordWrap: true });
  for (const round of rounds) shown.push(rowOf(round));
  return shown.toString();
}

function rowOf({ name, attacks, during, after, facts, tookMs, cpuSeconds }) {
  const { before, peak, now } = facts;
  const done = (kinds) => kinds.reduce((sum, kind) => sum + (during[kind]?.done ?? 0), 0);
  const failed = [during, after].flatMap((kinds) => Object.values(kinds)).reduce((sum, one) => sum + one.failed, 0);
  const { p50, p99, max } = during.healthz ?? {};
  return [
    name,
    (tookMs / 1_000).toFixed(1),
    `${p50}/${p99}/${max}`,
    done(SEARCHES),
    done(['upsert']),
    failed,
    Math.max(0, cpuSeconds).toFixed(1),
    `${mib(before.memory)} ${mib(peak.memory)} ${mib(now.memory)}`,
    `${before.files} ${peak.files} ${now.files}`,
    mib(now.disk - before.disk),
    ((now.log - before.log) / 1_024).toFixed(0),
    attacks.map(({ result }) => result.sent).join(' + '),
    attacks.map(({ result }) => gotOf(result.got)).join(' + '),
  ];
}

export function gotOf(got) {
  const kinds = Object.entries(got).toSorted(([, one], [, other]) => other - one);
  return kinds.map(([kind, times]) => `${kind} ${times}`).join(', ');
}
