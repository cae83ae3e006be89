import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VectronError } from '@vectron/errors';
import { connect } from '@vectron/sdk';
import { type Command, Option } from 'commander';
import {
  type Drill,
  DrillRun,
  type DrillSize,
  fails,
  TIME_RULES,
  type TimeRule,
  type Verdict,
  wordOf,
} from '../drill/drill.js';
import { FAILURES } from '../drill/failures.js';
import { MACHINE } from '../drill/machine.js';
import { WORK } from '../drill/work.js';
import type { LocalCluster } from '../local/local-cluster.js';
import { ETCD_HELP, startUntilSignal } from '../local/start-until-signal.js';
import { show } from '../output.js';

const DRILLS: readonly Drill[] = [...FAILURES, ...MACHINE, ...WORK];
const QUICK: DrillSize = { points: 2_000, dimension: 32, outageS: 15, quick: true };
const FULL: DrillSize = { points: 20_000, dimension: 384, outageS: 300, quick: false };

export function drillCommand(program: Command): void {
  program
    .command('drill [names...]')
    .description(
      'verify the guarantees: start a cluster, cause failures under load, and report whether each guarantee held',
    )
    .option('--list', 'list the drills')
    .option('--quick', 'few points and short outages')
    .option('--data <dir>', 'directory for the cluster; default: a temporary directory that is removed afterwards')
    .option('--etcd <program>', ETCD_HELP)
    .addOption(
      new Option(
        '--times <rule>',
        'require: a time beyond its bound fails the drill; report: it is only reported, for busy machines',
      )
        .choices(TIME_RULES)
        .default('require'),
    )
    .option('--json', 'print JSON')
    .action(async (names: string[], options: Record<string, unknown>) => {
      const json = options.json === true;
      if (options.list === true || names.length === 0) {
        const rows = DRILLS.map(({ name, about, needs }) => [name, about, needs?.() ?? '']);
        show(
          DRILLS.map(({ name, about }) => ({ name, about })),
          json,
          { head: ['drill', 'what happens', 'missing here'], rows },
        );
        return;
      }
      const drills = names.includes('all') ? DRILLS : names.map(named);
      const kept = options.data as string | undefined;
      const dir = kept ?? mkdtempSync(join(tmpdir(), 'vectron-drill-'));
      const clean = () => {
        if (kept === undefined) rmSync(dir, { recursive: true, force: true });
      };
      const size = options.quick === true ? QUICK : FULL;
      const verdicts = await runAll(drills, size, dir, options.etcd as string | undefined, () => {
        clean();
        // A drill that was stopped has shown nothing.
        process.exit(1);
      });
      clean();
      if (verdicts === undefined) return;
      const rows = verdicts.map((one) => [one.drill, one.promise, one.bound, one.figure, wordOf(one)]);
      show(verdicts, json, { head: ['drill', 'promise', 'bound', 'figure', ''], rows });
      const late = verdicts.filter(({ kind, held }) => kind === 'time' && !held).length;
      const broken = verdicts.filter(({ kind, held }) => kind === 'promise' && !held).length;
      console.error(`${verdicts.length - broken - late} of ${verdicts.length} held, ${late} late, ${broken} broken`);
      if (verdicts.some((one) => fails(one, options.times as TimeRule))) process.exitCode = 1;
    });
}

function named(name: string): Drill {
  const drill = DRILLS.find((one) => one.name === name);
  if (drill === undefined) {
    throw VectronError.invalid(
      'names',
      `there is no drill ${name}; use ${DRILLS.map((one) => one.name).join(', ')} or all`,
    );
  }
  return drill;
}

/** undefined: a signal came before the cluster was there. `stopped` is called after a signal, when nothing of it runs any more. */
async function runAll(
  drills: readonly Drill[],
  size: DrillSize,
  dir: string,
  etcd: string | undefined,
  stopped: () => void,
): Promise<Verdict[] | undefined> {
  const say = (line: string) => console.error(line);
  const sizes = { workers: 4, placementDrivers: 2, gateways: 2, auths: 2, etcdMembers: 3 };
  const onProgress = (line: string) => say(`started ${line}`);
  const cluster = await startUntilSignal(etcd, { dir, ...sizes, onProgress }, stopped);
  if (cluster === undefined) return undefined;
  const { http, apiKey } = cluster.info;
  const db = connect(http, { apiKey });
  const verdicts: Verdict[] = [];
  try {
    for (const drill of drills) {
      const started = performance.now();
      say(`${drill.name}: ${drill.about}`);
      const run = new DrillRun(drill, cluster, db, size, say);
      const lacks = drill.needs?.();
      try {
        // What cannot be tried is not known to hold.
        if (lacks !== undefined) run.expect('can be tried here', 'yes', `no: it needs ${lacks}`, false);
        else await drill.run(run);
      } catch (error) {
        run.expect('the drill runs to its end', 'yes', (error as Error).message, false);
        await repair(cluster);
      }
      verdicts.push(...run.verdicts);
      say(`  ${((performance.now() - started) / 1000).toFixed(0)} s`);
    }
  } finally {
    await db.close();
    await cluster.stop();
  }
  return verdicts;
}

/** Starts what a drill that broke off has left dead. */
async function repair(cluster: LocalCluster): Promise<void> {
  for (const [member, pid] of cluster.etcd.pids.entries())
    if (pid === undefined) await cluster.etcd.startMember(member);
  for (const { name, service, pid } of cluster.info.processes) {
    if (service !== 'etcd' && pid === undefined) await cluster.startService(name).catch(() => undefined);
  }
}
