import { homedir } from 'node:os';
import { join } from 'node:path';
import { accountKnobs, authKnobs } from '@vectron/auth/config';
import {
  type ConfigOf,
  clusterTlsKnobs,
  defineKnobs,
  type Knob,
  type KnobSet,
  metricsKnobs,
  setting,
  tracingKnobs,
} from '@vectron/config';
import { gatewayKnobs } from '@vectron/gateway/config';
import type { TracingOptions } from '@vectron/observability';
import { placementKnobs } from '@vectron/placement-driver/config';
import { rerankerKnobs } from '@vectron/reranker/config';
import { workerKnobs } from '@vectron/worker/config';

/** What every internal listener and client needs. */
export const clusterKnobs = defineKnobs({
  clusterTokenFile: {
    env: 'VECTRON_CLUSTER_TOKEN_FILE',
    flag: 'cluster-token-file',
    schema: setting.optionalText,
    help: 'file with the token that services use to authenticate to each other; default: <data>/secrets/cluster.token, created if it does not exist',
  },
  ...clusterTlsKnobs,
  ...metricsKnobs,
  ...tracingKnobs,
});

/** What a client command needs. */
export const clientKnobs = defineKnobs({
  url: {
    env: 'VECTRON_URL',
    flag: 'url',
    schema: setting.text,
    default: 'http://127.0.0.1:8080',
    help: 'address of the server: http(s)://HOST:PORT for REST, grpc(s)://HOST:PORT for gRPC; separate several gateways with commas',
  },
  profile: {
    env: 'VECTRON_PROFILE',
    flag: 'profile',
    schema: setting.optionalText,
    help: 'name of a profile made with `vectron login`, which provides the server and the key instead of --url, --ca-file and a key; default: the profile that was created or chosen last, unless a server, a key or a data directory is given',
  },
  caFile: {
    env: 'VECTRON_CA_FILE',
    flag: 'ca-file',
    schema: setting.optionalText,
    help: 'PEM file of the certificate authorities to trust; default: those of the system',
  },
  apiKey: {
    env: 'VECTRON_API_KEY',
    flag: 'api-key',
    schema: setting.optionalText,
    help: 'API key or token; prefer the environment variable, because every user of this machine can see flags in the list of processes; default: the key in <data>/bootstrap.json, which is sent to another machine only if --data is given',
  },
  apiKeyFile: {
    env: 'VECTRON_API_KEY_FILE',
    flag: 'api-key-file',
    schema: setting.optionalText,
    help: 'file whose first word is the API key or token, such as a file written by --out; /dev/stdin for the standard input',
  },
  data: {
    env: 'VECTRON_DATA',
    flag: 'data',
    schema: setting.text,
    default: './data',
    help: 'data directory of a single server; its bootstrap.json contains the default key',
  },
});
export type ClientConfig = ConfigOf<typeof clientKnobs.knobs>;

/** What `vectron mcp` needs besides what a client does. */
export const mcpKnobs = defineKnobs({
  embedded: {
    env: 'VECTRON_MCP_EMBEDDED',
    flag: 'embedded',
    schema: setting.optionalText,
    help: 'directory of an existing embedded database to open; default: the server at --url',
  },
  embeddings: {
    env: 'VECTRON_EMBEDDINGS',
    flag: 'embeddings',
    schema: setting.optionalText,
    help: 'with --embedded: JSON file with embedding providers, in the same form as for a server',
  },
  write: {
    env: 'VECTRON_MCP_WRITE',
    flag: 'write',
    schema: setting.flag,
    default: 'false',
    help: 'true: offer tools that write, change and delete points; false: read-only',
  },
  collections: {
    env: 'VECTRON_MCP_COLLECTIONS',
    flag: 'collections',
    schema: setting.nameList.optional(),
    help: 'the collections or aliases to show, separated by commas; default: all that the API key can access',
  },
  maxAnswerBytes: {
    env: 'VECTRON_MCP_MAX_ANSWER',
    flag: 'max-answer',
    schema: setting.byteSizeWithin(2 ** 14, 2 ** 26),
    default: '64KiB',
    help: 'maximum size of one answer, 16KiB to 64MiB; the rest is left out, and the answer says so',
  },
  timeoutMs: {
    env: 'VECTRON_MCP_TIMEOUT_MS',
    flag: 'timeout-ms',
    schema: setting.integer(100, 600_000),
    default: '30000',
    help: 'time limit of one tool call, milliseconds, 100 to 600000',
  },
  http: {
    env: 'VECTRON_MCP_HTTP',
    flag: 'http',
    schema: setting.listenAddress.optional(),
    help: 'HOST:PORT at which to serve streamable HTTP instead of using the standard input and output; callers must send an API key of the server at --url, or the token of --token-file',
  },
  tokenFile: {
    env: 'VECTRON_MCP_TOKEN_FILE',
    flag: 'token-file',
    schema: setting.optionalText,
    help: 'with --http: file whose first word, of at least 32 characters, is the token that callers must send; all of them then act with the API key that is configured for this command',
  },
  hosts: {
    env: 'VECTRON_MCP_HOSTS',
    flag: 'hosts',
    schema: setting.nameList.optional(),
    help: 'with --http: host names by which callers reach this server, in addition to its address and localhost',
  },
  origins: {
    env: 'VECTRON_MCP_ORIGINS',
    flag: 'origins',
    schema: setting.nameList.optional(),
    help: 'with --http: web origins whose pages may call this server, such as https://app.example.org; default: none',
  },
  maxRequests: {
    env: 'VECTRON_MCP_MAX_REQUESTS',
    flag: 'max-requests',
    schema: setting.integer(1, 10_000),
    default: '64',
    help: 'with --http: maximum number of concurrent requests, 1 to 10000; more are refused with OVERLOADED',
  },
  maxBodyBytes: {
    env: 'VECTRON_MCP_MAX_BODY',
    flag: 'max-body',
    schema: setting.byteSizeWithin(2 ** 10, 2 ** 28),
    default: '4MiB',
    help: 'with --http: maximum size of a request, 1KiB to 256MiB',
  },
  tlsCertificate: {
    env: 'VECTRON_MCP_TLS_CERT',
    flag: 'tls-cert',
    schema: setting.optionalText,
    help: 'with --http: PEM file with the certificate of the listener and its chain',
  },
  tlsKey: {
    env: 'VECTRON_MCP_TLS_KEY',
    flag: 'tls-key',
    schema: setting.optionalText,
    help: 'with --http: PEM file with the key of that certificate',
  },
  insecure: {
    env: 'VECTRON_MCP_INSECURE_LISTEN',
    flag: 'insecure-listen',
    schema: setting.flag,
    default: 'false',
    help: 'with --http, true: allow other machines to connect without TLS, for use behind a proxy that terminates TLS',
  },
});

/** Knobs of `vectron serve`: those of its services that make sense in one process. */
const { placement: _pd, auth: _auth, reranker: _reranker, ...ownGatewayKnobs } = gatewayKnobs.knobs;
const {
  listen: _worker,
  placement: _workerPd,
  raftListen: _raft,
  raftAdvertise: _advertise,
  raftAuthority: _authority,
  raftCertificate: _certificate,
  raftKey: _key,
  searchOnly: _searchOnly,
  rack: _rack,
  zone: _zone,
  region: _region,
  heartbeatMs: _heartbeat,
  electionMinMs: _electionMin,
  electionMaxMs: _electionMax,
  ...ownWorkerKnobs
} = workerKnobs.knobs;
export const serveKnobs = defineKnobs({
  ...ownGatewayKnobs,
  ...ownWorkerKnobs,
  data: { ...ownWorkerKnobs.data, help: 'directory for all data of the server' },
  ...accountKnobs,
  splitBytes: placementKnobs.knobs.splitBytes,
  splitLoad: placementKnobs.knobs.splitLoad,
  ...metricsKnobs,
  ...tracingKnobs,
  noSample: {
    env: 'VECTRON_NO_SAMPLE',
    flag: 'no-sample',
    schema: setting.flag,
    default: 'false',
    help: 'true: do not load the sample collection debian-packages into an empty data directory',
  },
});

/** Read by the scripts and the tests; declared so that they are known wherever the environment is checked. */
const toolKnobs: KnobSet = {
  buildCache: {
    env: 'VECTRON_BUILD_CACHE',
    flag: 'build-cache',
    schema: setting.optionalText,
    help: 'environment only: directory of the native build, default ~/.cache/vectron',
  },
  systemPackages: {
    env: 'VECTRON_SETUP_SYSTEM_PACKAGES',
    flag: 'setup-system-packages',
    schema: setting.optionalText,
    help: 'environment only: yes: the set-up installs missing Debian packages; no: it never does; default: it asks on a terminal, and otherwise prints the command',
  },
  advisoryDb: {
    env: 'VECTRON_ADVISORY_DB',
    flag: 'advisory-db',
    schema: setting.optionalText,
    help: 'environment only: clone of the RustSec advisory database for npm run advisories; default: cargo-deny fetches it',
  },
  chromium: {
    env: 'VECTRON_CHROMIUM',
    flag: 'chromium',
    schema: setting.optionalText,
    help: 'environment only: the browser of the tests in test/console and test/e2e/console.test.ts, default /usr/bin/chromium',
  },
  consoleAll: {
    env: 'VECTRON_CONSOLE_ALL',
    flag: 'console-all',
    schema: setting.optionalText,
    help: 'environment only: 1: the tests in test/console show every page in all four views, and let each of its requests fail in turn',
  },
  screenshots: {
    env: 'VECTRON_SCREENSHOTS',
    flag: 'screenshots',
    schema: setting.optionalText,
    help: 'environment only: directory in which the tests in test/console and test/e2e/console.test.ts leave pictures',
  },
};

export const SERVICES: Record<string, KnobSet> = {
  serve: serveKnobs.knobs,
  gateway: gatewayKnobs.knobs,
  pd: placementKnobs.knobs,
  worker: workerKnobs.knobs,
  auth: authKnobs.knobs,
  reranker: rerankerKnobs.knobs,
  'every service': clusterKnobs.knobs,
  'client commands': clientKnobs.knobs,
  mcp: mcpKnobs.knobs,
  'building and testing': toolKnobs,
};

/** Where a user's settings are kept, by the XDG Base Directory Specification. */
export const configHome = (): string => process.env.XDG_CONFIG_HOME || join(homedir(), '.config');
/** Where programs leave what they remember of a user's work, by the same. */
export const stateHome = (): string => process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state');
/** Where programs keep what they can make again, by the same. */
export const cacheHome = (): string => process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/** Whether a setting of clients stands in the environment. */
export const isInEnvironment = (name: keyof typeof clientKnobs.knobs): boolean =>
  process.env[clientKnobs.knobs[name].env] !== undefined;

type Loader<K extends KnobSet> = {
  readonly knobs: K;
  load(raw: Parameters<ReturnType<typeof defineKnobs>['load']>[0], also?: readonly KnobSet[]): ConfigOf<K>;
};

/** The settings of one command from its flags and the environment. */
export function loadConfig<K extends KnobSet>(set: Loader<K>, options: Record<string, unknown>): ConfigOf<K> {
  const flags: Record<string, string | boolean | undefined> = {};
  for (const knob of Object.values(set.knobs) as Knob[]) {
    flags[knob.flag] = options[knob.flag.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())] as
      | string
      | undefined;
  }
  // commander turns --no-x into x = false.
  if ('no-sample' in flags) flags['no-sample'] = options.sample === false ? 'true' : undefined;
  return set.load({ flags, env: process.env }, Object.values(SERVICES));
}

/** Where a process of that name sends its spans. */
export const tracingOf = (
  service: string,
  { traceEndpoint, traceShare }: ConfigOf<typeof tracingKnobs>,
): TracingOptions => ({ service, endpoint: traceEndpoint, share: traceShare });

/** For processes that get their settings by flags alone. */
export const childEnvironment = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VECTRON_')));
