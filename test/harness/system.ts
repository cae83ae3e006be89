import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCluster, type LocalClusterOptions } from '@vectron/cli';
import { VectronProcess } from './process.js';

/** A running Vectron, whichever home it has. */
export interface System {
  /** `http://host:port`. */
  readonly http: string;
  /** `host:port`. */
  readonly grpc: string;
  readonly adminKey: string;
  /** The administrator's first one, which must be changed before a login can do anything: see `changeFirstPassword`. */
  readonly password: string;
  readonly data: string;
  readonly processes: readonly { readonly running: boolean }[];
  stop(): Promise<void>;
}

/** One whose processes the test started itself. */
export interface ProcessSystem extends System {
  readonly processes: VectronProcess[];
}

export const tempDir = (name: string): string => mkdtempSync(join(tmpdir(), `vectron-${name}-`));

/** Tests make accounts for themselves, unless they say who may. */
const openUnlessTold = (flags: readonly string[]): string[] =>
  flags.includes('--registration') ? [...flags] : [...flags, '--registration', 'open'];

/** The whole system in one process. */
export async function startSingle(data = tempDir('single'), flags: string[] = ['--no-sample']): Promise<ProcessSystem> {
  const server = new VectronProcess([
    'serve',
    '--data',
    data,
    '--http',
    '127.0.0.1:0',
    '--grpc',
    '127.0.0.1:0',
    ...openUnlessTold(flags),
  ]);
  await server.until(/ready; stop/);
  const [, http] = await server.until(/REST\s+(http:\/\/[\d.:]+)\/v1/);
  const [, grpc] = await server.until(/gRPC\s+([\d.:]+)/);
  return system(http, grpc, data, data, [server]);
}

/** A system of processes whose workers can be stopped and started again. */
export interface SeparateSystem extends ProcessSystem {
  /** Kills a worker (counted from 0) and starts it again on its data, at another port. */
  restartWorker(worker: number): Promise<void>;
  /** Starts another worker; returns its number. */
  addWorker(flags: string[]): Promise<number>;
  workerData(worker: number): string;
}

/** Placement driver, workers, auth, reranker and gateway as processes of their own. */
export async function startSeparate(workers = 2, gatewayFlags: readonly string[] = []): Promise<SeparateSystem> {
  const data = tempDir('separate');
  const token = join(data, 'cluster.token');
  writeFileSync(token, 'a-token-of-this-test-cluster-only', { mode: 0o600 });
  const processes: VectronProcess[] = [];
  const start = async (service: string, name: string, flags: string[]) => {
    const dir = join(data, name);
    mkdirSync(dir, { recursive: true });
    const own = service === 'reranker' ? [] : ['--data', dir];
    const one = new VectronProcess([service, ...own, '--cluster-token-file', token, ...flags]);
    const [, lines] = await one.until(/ready (\{.*\})/);
    return { ...(JSON.parse(lines) as { grpc: string; http: string }), one };
  };
  const started = async (...args: Parameters<typeof start>) => {
    const service = await start(...args);
    processes.push(service.one);
    return service;
  };
  const listen = ['--listen', '127.0.0.1:0'];
  const pd = await started('pd', 'pd', listen);
  const workerFlags = [...listen, '--raft-listen', '127.0.0.1:0', '--pd', pd.grpc];
  for (let worker = 0; worker < workers; worker += 1) await started('worker', `worker-${worker}`, workerFlags);
  const auth = await started('auth', 'auth', openUnlessTold(listen));
  const reranker = await started('reranker', 'reranker', [...listen, '--pd', pd.grpc]);
  const services = ['--pd', pd.grpc, '--auth', auth.grpc, '--reranker', reranker.grpc];
  const addresses = ['--http', '127.0.0.1:0', '--grpc', '127.0.0.1:0'];
  const gateway = await started('gateway', 'gateway', [...addresses, ...services, ...gatewayFlags]);
  // Those that come later stand behind the others.
  const placeOf = (worker: number) => (worker < workers ? 1 + worker : 4 + worker);
  return {
    ...system(gateway.http, gateway.grpc, data, join(data, 'auth'), processes),
    async restartWorker(worker) {
      await processes[placeOf(worker)].stop('SIGKILL');
      processes[placeOf(worker)] = (await start('worker', `worker-${worker}`, workerFlags)).one;
    },
    async addWorker(flags) {
      const worker = processes.length - 4;
      await started('worker', `worker-${worker}`, [...workerFlags, ...flags]);
      return worker;
    },
    workerData: (worker) => join(data, `worker-${worker}`),
  };
}

/** The etcd server that scripts/test.mjs builds. */
export const etcdBinary = (): string =>
  join(process.env.VECTRON_BUILD_CACHE ?? join(homedir(), '.cache', 'vectron'), 'etcd', 'etcd');

export interface ClusterSystem extends System {
  readonly cluster: LocalCluster;
}

/** What `vectron cluster local` starts: workers, two placement drivers on etcd, auth, reranker, gateways. */
export async function startCluster(options: Partial<LocalClusterOptions> = {}): Promise<ClusterSystem> {
  const dir = tempDir('cluster');
  const sizes = { workers: 3, placementDrivers: 2, gateways: 1, etcdMembers: 1, etcdBinary: etcdBinary() };
  const { auth = [], gateway = [], ...others } = options.flags ?? {};
  const several = process.env.TEST_GATEWAYS === undefined ? [] : ['--gateways', process.env.TEST_GATEWAYS];
  const flags = { ...others, auth: openUnlessTold(auth), gateway: [...several, ...gateway] };
  const cluster = await LocalCluster.start({ dir, ...sizes, ...options, flags });
  const { http, grpc, processes } = cluster.info;
  const { apiKey, password } = JSON.parse(readFileSync(join(dir, 'bootstrap.json'), 'utf8')) as {
    apiKey: string;
    password: string;
  };
  return {
    http: http[0],
    grpc: grpc[0],
    adminKey: apiKey,
    password,
    data: dir,
    processes: processes.filter(({ service }) => service !== 'etcd').map(({ name }) => cluster.child(name)),
    stop: () => cluster.stop(),
    cluster,
  };
}

/** What services of a local cluster show each other. */
export function serviceCertificate(data: string): { authority: string; certificate: string; key: string } {
  const at = (file: string) => join(data, 'certificates', file);
  return { authority: at('ca.pem'), certificate: at('service.pem'), key: at('service.key') };
}

function system(
  http: string,
  grpc: string,
  data: string,
  authData: string,
  processes: VectronProcess[],
): ProcessSystem {
  const { apiKey, password } = JSON.parse(readFileSync(join(authData, 'bootstrap.json'), 'utf8')) as {
    apiKey: string;
    password: string;
  };
  const stop = async () => {
    for (const one of processes.toReversed()) await one.stop();
  };
  return { http, grpc, adminKey: apiKey, password, data, processes, stop };
}

/** A REST call as a stranger's client makes it. */
export async function rest(
  base: string,
  method: string,
  path: string,
  options: { key?: string; body?: unknown; raw?: string; headers?: Record<string, string> } = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
): Promise<{ status: number; body: any; headers: Headers }> {
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const response = await fetch(base + path, {
    method,
    body,
    headers: {
      ...(options.key ? { authorization: `Bearer ${options.key}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
  });
  const text = await response.text();
  let parsed: unknown = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not JSON: the text is the answer.
  }
  return { status: response.status, body: parsed, headers: response.headers };
}

/** Changes the administrator's first password, as its first login must; returns the new one. */
export async function changeFirstPassword(system: System): Promise<string> {
  const body = { email: 'admin@vectron.local', password: system.password };
  const login = await rest(system.http, 'POST', '/v1/users/login', { body });
  const changed = `${system.password}-changed`;
  const passwords = { currentPassword: system.password, newPassword: changed };
  const answer = await rest(system.http, 'POST', '/v1/user/password', { key: login.body.jwtToken, body: passwords });
  if (answer.status !== 200) throw new Error(`the first password was not changed: ${JSON.stringify(answer.body)}`);
  return changed;
}

/** Stable reason of an error body. */
export const reasonOf = (body: { details?: { reason?: string }[] }): string | undefined => body.details?.[0]?.reason;
