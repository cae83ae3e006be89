import { join } from 'node:path';
import { VectronError } from '@vectron/errors';
import type { Admin, Operation } from '@vectron/sdk';
import type { Command } from 'commander';
import { type ClientOptions, withClient } from '../client.js';
import { clusterCertificate } from '../local/certificates.js';
import { ETCD_HELP, startUntilSignal } from '../local/start-until-signal.js';
import { numberFlag, wholeFlag } from '../number-flag.js';
import { note, show, words } from '../output.js';
import type { Define } from '../program.js';
import { watchable, watched } from '../watching.js';

export function clusterCommands(program: Command, client: Define): void {
  const group = program.command('cluster').description('start a local cluster, or inspect and change a cluster');
  localCommand(group);
  certificatesCommand(group);
  statusCommands(group, client);
  changeCommands(group, client);
  workersCommand(program, client);
  rebalanceCommand(program, client);
}

/** Flags of whatever starts a local cluster. */
function withLocalFlags(command: Command): Command {
  return command
    .option('--workers <n>', 'workers', wholeFlag(1, 32), 3)
    .option('--search-only <n>', 'search-only workers', wholeFlag(0, 16), 0)
    .option('--pds <n>', 'placement drivers', wholeFlag(1, 9), 2)
    .option('--gateways <n>', 'gateways', wholeFlag(1, 16), 1)
    .option('--etcd-members <n>', 'etcd members: 1, 3 or 5', wholeFlag(1, 7), 1)
    .option('--etcd <program>', ETCD_HELP);
}

/** What the flags say, as LocalCluster takes it. */
function localOptions(options: Record<string, unknown>) {
  const { workers, searchOnly, pds, gateways, etcdMembers } = options as Record<string, number>;
  return { workers, searchOnlyWorkers: searchOnly, placementDrivers: pds, gateways, etcdMembers };
}

function certificatesCommand(group: Command): void {
  group
    .command('certificates')
    .description(
      'create the certificate authority of the cluster, if it does not exist, and a certificate for one service',
    )
    .option('--dir <dir>', 'directory for ca.pem, ca.key and the certificates', './certificates')
    .option('--name <name>', 'name of the service; the files are NAME.pem and NAME.key', 'service')
    .option('--host <host...>', 'host names and IP addresses of the service', ['localhost', '127.0.0.1'])
    .option(
      '--scraper',
      'create a certificate for Prometheus, which only allows reading metrics and is not accepted as that of a service',
    )
    .option('--json', 'print JSON')
    .action(async (options: { dir: string; name: string; host: string[]; scraper?: boolean; json?: boolean }) => {
      if (!/^[A-Za-z0-9._-]{1,64}$/.test(options.name))
        throw VectronError.invalid('name', '--name must be a file name of at most 64 letters, digits, dots and dashes');
      const kind = options.scraper === true ? 'scraper' : 'service';
      const files = await clusterCertificate(options.dir, options.name, options.host, kind);
      show(files, options.json === true, { head: ['file', 'path'], rows: Object.entries(files) });
      if (options.json !== true) console.log('keep ca.key to yourself: who has it can make services of this cluster');
    });
}

function localCommand(group: Command): void {
  const command = group
    .command('local')
    .description('run a real cluster of processes on this machine until Ctrl-C')
    .option('--data <dir>', 'directory for all data of the cluster', './cluster')
    .option(
      '--port <n>',
      'REST port of the first gateway; gRPC uses the next port; 0: choose free ports',
      wholeFlag(0, 65_534),
      8080,
    )
    .option('--json', 'print what was started as JSON');
  withLocalFlags(command).action(async (options: Record<string, unknown>) => {
    const dir = options.data as string;
    const started = performance.now();
    const cluster = await startUntilSignal(options.etcd as string | undefined, {
      ...localOptions(options),
      dir,
      httpPort: options.port === 0 ? undefined : (options.port as number),
      onProgress: (line) => console.error(`started ${line}`),
      onExit: (name) => console.error(`${name} ended by itself; its log is in ${join(dir, name)}`),
    });
    if (cluster === undefined) return;
    const { info } = cluster;
    // Secrets go to a terminal only, and not by themselves: the file has the key.
    const { apiKey: _secret, ...shown } = { ...info, bootstrap: join(dir, 'bootstrap.json') };
    const rows = info.processes.map((one) => [one.name, one.pid, one.address, one.log]);
    show(shown, options.json === true, { head: ['process', 'pid', 'address', 'log'], rows });
    if (options.json === true) return;
    const url = info.http[0] === 'http://127.0.0.1:8080' ? '' : `--url ${info.http[0]} `;
    const where = `${url}--data ${dir}`;
    console.log(`the cluster is up after ${((performance.now() - started) / 1000).toFixed(1)} s, data in ${dir}`);
    console.log(`  REST     ${info.http.map((url) => `${url}/v1`).join(', ')}    console ${info.http[0]}/console`);
    console.log(`  gRPC     ${info.grpc.join(', ')}`);
    console.log(`  API key  in ${join(dir, 'bootstrap.json')}, readable by you only`);
    console.log(`\ntry it:\n\n  npx vectron cluster status ${where}\n  npx vectron cluster shards ${where}\n`);
    console.log('ready; stop with Ctrl-C');
  });
}

const ago = (ms: number) => (ms === 0 ? '' : `${Math.max(0, Math.round((Date.now() - ms) / 1000))} s ago`);
const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
const percent = (hash: string) => `${((Number(BigInt(`0x${hash}`) >> 11n) / 2 ** 53) * 100).toFixed(1)} %`;

/** Runs `use` with the management of the server, and closes the client. */
const withAdmin = <T>(options: ClientOptions, use: (admin: Admin) => Promise<T>): Promise<T> =>
  withClient(options, ({ admin }) => use(admin));

/** Workers by the numbers that people use. */
async function workerNames(admin: Admin): Promise<(id: string) => string> {
  const byId = new Map((await admin.workers()).map(({ workerId, number }) => [workerId, String(number)]));
  return (id) => byId.get(id) ?? id.slice(0, 8);
}

function operationRow(one: Operation, name: (id: string) => string): unknown[] {
  const what = one.kind === 'move' ? `${name(one.from)} to ${name(one.to)}` : `upper half: ${one.upperShardId}`;
  const seconds = `${((one.stepMs - one.startedMs) / 1000).toFixed(1)} s`;
  return [
    one.kind,
    one.shardId,
    one.collection,
    what,
    one.step,
    ago(one.startedMs),
    seconds,
    one.cause,
    one.detail || one.reason,
  ];
}
const OPERATION_HEAD = ['kind', 'shard', 'collection', 'workers', 'step', 'began', 'to this step', 'cause', 'why'];

function statusCommands(group: Command, client: Define): void {
  watchable(client(group, 'status', 'show a summary of the cluster')).action((options: ClientOptions) =>
    watched(options, () =>
      withAdmin(options, async (admin) => {
        const status = await admin.cluster();
        const { placementLeader, placementNodes, workersByState, operations, ...counts } = status;
        const states = Object.entries(workersByState).map(([state, count]) => `${count} ${state}`);
        const rows = [
          ['placement driver that leads', placementLeader || 'none'],
          ['placement drivers', placementNodes.join(', ')],
          ['workers by state', states.join(', ')],
          ...Object.entries(counts).map(([key, value]) => [words(key), value]),
          ['operations under way', operations.length],
        ];
        show(status, options.json === true, { head: ['', ''], rows });
      }),
    ),
  );
  workersCommand(group, client);
  watchable(client(group, 'shards', 'list all shards with their replicas')).action((options: ClientOptions) =>
    watched(options, () =>
      withAdmin(options, async (admin) => {
        const shards = await admin.shards();
        const rows = shards.map((one) => [
          one.shardId,
          one.collection,
          one.epoch,
          `${percent(one.firstHash)} to ${percent(one.lastHash)}`,
          one.leader || 'none',
          one.replicas
            .map(({ worker, learner, damage }) => `${worker}${learner ? ' (learner)' : ''}${damage && ' DAMAGED'}`)
            .join(', '),
          `${one.healthyReplicas} of ${one.voters}`,
          one.points,
          mebibytes(one.memoryBytes),
          one.operation === undefined ? '' : `${one.operation.kind}: ${one.operation.step}`,
        ]);
        show(shards, options.json === true, {
          head: [
            'shard',
            'collection',
            'epoch',
            'hashes',
            'leader',
            'workers',
            'current',
            'points',
            'memory',
            'under way',
          ],
          rows,
        });
      }),
    ),
  );
  client(group, 'moves', 'list moves and splits: first those in progress, then completed ones, newest first')
    .option('--limit <n>', 'maximum number of completed ones', numberFlag, 20)
    .action((options: ClientOptions) =>
      withAdmin(options, async (admin) => {
        const found = await admin.operations({ limit: options.limit as number });
        const name = options.json === true ? String : await workerNames(admin);
        const rows = [...found.running, ...found.ended].map((one) => operationRow(one, name));
        show(found, options.json === true, { head: OPERATION_HEAD, rows });
      }),
    );
}

function workersCommand(parent: Command, client: Define): void {
  watchable(client(parent, 'workers', 'list workers with their states and latest reports')).action(
    (options: ClientOptions) =>
      watched(options, () =>
        withAdmin(options, async (admin) => {
          const workers = (await admin.workers()).sort((a, b) => a.number - b.number);
          const rows = workers.map((one) => [
            one.number,
            one.workerId,
            one.grpcAddress,
            `${one.state} ${ago(one.stateSinceMs)}`,
            one.stateReason,
            [one.region, one.zone, one.rack].filter((place) => place !== '').join('/'),
            `${one.cpuUsagePercent.toFixed(1)} %`,
            mebibytes(one.memoryBytes),
            one.queriesPerSecond.toFixed(1),
            one.replicas,
            one.leads,
            one.shards.reduce((sum, shard) => sum + shard.livePoints, 0),
          ]);
          show(workers, options.json === true, { head: WORKER_HEAD, rows });
        }),
      ),
  );
}
const WORKER_HEAD = [
  ...['', 'worker', 'address', 'state', 'why', 'place'],
  ...['CPU', 'memory', 'QPS', 'replicas', 'leads', 'points'],
];

function rebalanceCommand(parent: Command, client: Define): void {
  client(parent, 'rebalance', 'start the moves and splits that the planner proposes now')
    .option('--dry-run', 'only print the plan with its reasons')
    .action((options: ClientOptions) =>
      withAdmin(options, async (admin) => {
        const planned = await admin.rebalance({ dryRun: options.dryRun === true });
        const name = options.json === true ? String : await workerNames(admin);
        const rows = planned.actions.map((one) => [
          one.kind,
          one.shardId,
          one.collection,
          one.kind === 'split' ? '' : `${name(one.from)} to ${name(one.to)}`,
          one.cause,
          one.reason,
        ]);
        const head = ['action', 'shard', 'collection', 'workers', 'cause', 'why'];
        show(planned, options.json === true, { head, rows });
        if (options.json !== true) for (const reason of planned.blocked) note(`cannot be helped now: ${reason}`);
      }),
    );
}

function changeCommands(group: Command, client: Define): void {
  rebalanceCommand(group, client);
  const done = (options: ClientOptions, value: object) =>
    show(value, options.json === true, { head: Object.keys(value), rows: [Object.values(value)] });
  client(group, 'drain <worker>', 'move the replicas of a worker, given by number or id, to other workers')
    .option('--wait', 'wait until the worker holds no replicas, and show the progress')
    .option('--cancel', 'cancel the drain')
    .action((worker: string, options: ClientOptions) =>
      withAdmin(options, async (admin) => {
        const cancel = options.cancel === true;
        await admin.drainWorker(worker, { cancel });
        if (cancel) return done(options, { 'not draining': worker });
        if (options.wait === true) await untilEmpty(admin, worker);
        done(options, { draining: worker });
      }),
    );
  client(group, 'remove <worker>', 'remove a worker, given by number or id, that holds no shards').action(
    (worker: string, options: ClientOptions) =>
      withAdmin(options, async (admin) => {
        await admin.removeWorker(worker);
        done(options, { removed: worker });
      }),
  );
  client(group, 'move <shard>', 'move one replica of a shard')
    .requiredOption('--from <worker>', 'worker that holds the replica, by number or id')
    .requiredOption('--to <worker>', 'worker that will hold the replica, by number or id')
    .action((shard: string, options: ClientOptions) =>
      withAdmin(options, async (admin) => {
        const { from, to } = options as { from: string; to: string };
        const operation = await admin.moveReplica(shardId(shard), { from, to });
        const rows = [operationRow(operation, await workerNames(admin))];
        show(operation, options.json === true, { head: OPERATION_HEAD, rows });
      }),
    );
  client(group, 'split <shard>', 'split a shard in the middle of its key range').action(
    (shard: string, options: ClientOptions) =>
      withAdmin(options, async (admin) => {
        const operation = await admin.splitShard(shardId(shard));
        show(operation, options.json === true, { head: OPERATION_HEAD, rows: [operationRow(operation, String)] });
      }),
  );
}

function shardId(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text))
    throw VectronError.invalid('shard', 'a shard must be given by its number; vectron cluster shards lists them');
  return Number(text);
}

async function untilEmpty(admin: Admin, worker: string): Promise<void> {
  let before = -1;
  for (;;) {
    const found = (await admin.workers()).find(({ number, workerId }) => [String(number), workerId].includes(worker));
    if (found === undefined || found.replicas === 0) return;
    if (found.replicas !== before) console.error(`worker ${worker} holds ${found.replicas} replicas`);
    before = found.replicas;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
