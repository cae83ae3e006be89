import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { authKnobs } from '@vectron/auth';
import type { ConfigOf, KnobSet } from '@vectron/config';
import { gatewayKnobs } from '@vectron/gateway';
import { startTracing } from '@vectron/observability';
import { placementKnobs } from '@vectron/placement-driver';
import { rerankerKnobs } from '@vectron/reranker';
import { connect } from '@vectron/sdk';
import { workerKnobs } from '@vectron/worker';
import closeWithGrace from 'close-with-grace';
import { type Command, Option } from 'commander';
import { type ClusterLink, clusterLink } from '../cluster-token.js';
import { clusterKnobs, loadConfig, serveKnobs } from '../config.js';
import { firstRunLines } from '../first-run.js';
import { show } from '../output.js';
import { loadSample, SAMPLE, SAMPLE_QUERY, sampleIsUnfinished } from '../sample.js';
import {
  authProcess,
  gatewayProcess,
  placementProcess,
  rerankerProcess,
  type ServiceProcess,
  workerProcess,
} from '../services.js';
import { bootstrapFile, type SingleServer, startSingleServer } from '../single-server.js';

export function serveCommand(program: Command): void {
  const command = program.command('serve').description('the whole system in one process');
  withFlags(command, serveKnobs.knobs).action(async (options: Record<string, unknown>) => {
    const started = performance.now();
    const config = loadConfig(serveKnobs, options);
    const endTracing = startTracing({ service: 'server', endpoint: config.traceEndpoint, share: config.traceShare });
    const server = await startSingleServer(config);
    stopOnSignal(() => server.close().then(endTracing));
    if (server.firstRun && server.bootstrap) {
      const file = bootstrapFile(config.data);
      for (const line of firstRunLines(server.bootstrap, file, process.stdout.isTTY === true)) console.log(line);
    }
    console.log(`vectron is up after ${((performance.now() - started) / 1000).toFixed(1)} s, data in ${config.data}`);
    console.log(`  REST     ${server.httpUrl}/v1    reference ${server.httpUrl}/docs`);
    console.log(`  gRPC     ${server.grpcAddress}`);
    console.log(`  console  ${server.httpUrl}/console`);
    if (server.bootstrap && !config.noSample) await showSample(server, server.bootstrap.apiKey, config);
    console.log('ready; stop with Ctrl-C');
  });
}

/**
 * Loads the sample at the first run and prints a search to paste, with its answer. Over no listener: what stands in front of
 * it, and who trusts its certificate, is not for this process to know.
 */
async function showSample(
  { httpUrl, fetch, firstRun }: SingleServer,
  apiKey: string,
  { data, tlsCertificate }: ConfigOf<typeof serveKnobs.knobs>,
): Promise<void> {
  const client = connect(httpUrl, { apiKey, fetch });
  try {
    if (firstRun || sampleIsUnfinished(data)) await loadSample(client, data);
    if (!(await client.listCollections()).some((one) => one.name === SAMPLE)) return;
    const { hits } = await client.search(SAMPLE, { likeId: SAMPLE_QUERY, topK: 5 });
    const where = [
      httpUrl === 'http://127.0.0.1:8080' ? '' : ` --url ${httpUrl}`,
      tlsCertificate === undefined ? '' : caFlag(tlsCertificate),
      data === './data' ? '' : ` --data ${data}`,
    ].join('');
    console.log(
      `\ntry it, what is like ${SAMPLE_QUERY} (a mail server):\n\n  npx vectron search ${SAMPLE} --like ${SAMPLE_QUERY} --top-k 5${where}\n`,
    );
    show(hits, false, {
      head: ['score', 'id', 'summary'],
      rows: hits.map((hit) => [hit.score.toFixed(4), hit.id, hit.payload.summary]),
    });
  } finally {
    await client.close();
  }
}

/** A certificate that vouches for itself is unknown to the system. */
function caFlag(certificateFile: string): string {
  const certificate = new X509Certificate(readFileSync(certificateFile));
  return certificate.checkIssued(certificate) ? ` --ca-file ${certificateFile}` : '';
}

export function serviceCommands(program: Command): void {
  service(program, 'gateway', 'the public door: REST, gRPC, WebSocket and console', gatewayKnobs, gatewayProcess);
  service(program, 'pd', 'the placement driver', placementKnobs, placementProcess);
  service(program, 'worker', 'a worker', workerKnobs, workerProcess);
  service(program, 'auth', 'users, keys and tokens', authKnobs, authProcess);
  service(program, 'reranker', 'the reranker', rerankerKnobs, rerankerProcess);
}

type Loadable<C> = Parameters<typeof loadConfig>[0] & { load(...args: never[]): C };

function service<C>(
  program: Command,
  name: string,
  help: string,
  knobs: Loadable<C>,
  start: (config: C, link: ClusterLink) => Promise<ServiceProcess>,
): void {
  const command = program.command(name).description(help);
  withFlags(command, { ...knobs.knobs, ...clusterKnobs.knobs }).action(async (options: Record<string, unknown>) => {
    const config = loadConfig(knobs, options) as C;
    const shared = loadConfig(clusterKnobs, options);
    const link = await clusterLink(shared, (config as { data?: string }).data);
    const endTracing = startTracing({ service: name, endpoint: shared.traceEndpoint, share: shared.traceShare });
    const running = await start(config, link);
    stopOnSignal(() => running.close().then(endTracing));
    console.log(`${name} ready ${JSON.stringify(running.lines)}`);
  });
}

/** One flag a knob; the value is checked with the environment's, so that all faults are told at once. */
export function withFlags(command: Command, knobs: KnobSet): Command {
  for (const knob of Object.values(knobs)) {
    const flag = knob.flag === 'no-sample' ? '--no-sample' : `--${knob.flag} <value>`;
    const shown = knob.default === undefined || knob.flag === 'no-sample' ? '' : ` (default: ${knob.default})`;
    command.addOption(new Option(flag, `${knob.help}${shown} [${knob.env}]`));
  }
  return command;
}

export function stopOnSignal(close: () => Promise<void>): void {
  closeWithGrace({ delay: 20_000 }, async ({ err, signal }) => {
    if (err) console.error(err);
    if (signal) console.error(`${signal}: stopping`);
    await close();
  });
}
