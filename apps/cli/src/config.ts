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
    help: 'file with the token that services show each other; default: <data>/secrets/cluster.token, made when missing',
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
    help: 'server: http(s)://HOST:PORT for REST, grpc(s)://HOST:PORT for gRPC; several gateways with commas between them',
  },
  profile: {
    env: 'VECTRON_PROFILE',
    flag: 'profile',
    schema: setting.optionalText,
    help: 'server and key that `vectron login` keeps under this name, in place of --url, --ca-file and a key; default: the profile that was made or chosen last, unless a server, a key or a data directory is given',
  },
  caFile: {
    env: 'VECTRON_CA_FILE',
    flag: 'ca-file',
    schema: setting.optionalText,
    help: "PEM file of the authorities that the server's certificate must be of; default: those of the system",
  },
  apiKey: {
    env: 'VECTRON_API_KEY',
    flag: 'api-key',
    schema: setting.optionalText,
    help: 'API key or token; as a flag, every user of this machine sees it in the list of processes; default: the one in <data>/bootstrap.json, which is sent to another machine only where --data is given',
  },
  apiKeyFile: {
    env: 'VECTRON_API_KEY_FILE',
    flag: 'api-key-file',
    schema: setting.optionalText,
    help: 'file whose first word is the API key or token, such as one that --out has made; /dev/stdin for the standard input',
  },
  data: {
    env: 'VECTRON_DATA',
    flag: 'data',
    schema: setting.text,
    default: './data',
    help: "the single server's data directory, for its bootstrap.json",
  },
});
export type ClientConfig = ConfigOf<typeof clientKnobs.knobs>;

/** What `vectron mcp` needs besides what a client does. */
export const mcpKnobs = defineKnobs({
  embedded: {
    env: 'VECTRON_MCP_EMBEDDED',
    flag: 'embedded',
    schema: setting.optionalText,
    help: 'directory of an embedded database to open, which must be there; default: the server at --url',
  },
  embeddings: {
    env: 'VECTRON_EMBEDDINGS',
    flag: 'embeddings',
    schema: setting.optionalText,
    help: 'with --embedded: JSON file of embedding providers, as of a server',
  },
  write: {
    env: 'VECTRON_MCP_WRITE',
    flag: 'write',
    schema: setting.flag,
    default: 'false',
    help: 'true: there are tools that write, change and delete points; false: there are none',
  },
  collections: {
    env: 'VECTRON_MCP_COLLECTIONS',
    flag: 'collections',
    schema: setting.nameList.optional(),
    help: 'the only collections, or aliases, that can be seen, with commas between them; default: all that the API key may see',
  },
  maxAnswerBytes: {
    env: 'VECTRON_MCP_MAX_ANSWER',
    flag: 'max-answer',
    schema: setting.byteSizeWithin(2 ** 14, 2 ** 26),
    default: '64KiB',
    help: 'most bytes of one answer, 16KiB to 64MiB; what is beyond is left out, and the answer says so',
  },
  timeoutMs: {
    env: 'VECTRON_MCP_TIMEOUT_MS',
    flag: 'timeout-ms',
    schema: setting.integer(100, 600_000),
    default: '30000',
    help: 'how long one call of a tool may take, milliseconds, 100 to 600000',
  },
  http: {
    env: 'VECTRON_MCP_HTTP',
    flag: 'http',
    schema: setting.listenAddress.optional(),
    help: 'HOST:PORT to serve streamable HTTP at, in place of the standard input and output; callers show an API key of the server at --url, or the token of --token-file',
  },
  tokenFile: {
    env: 'VECTRON_MCP_TOKEN_FILE',
    flag: 'token-file',
    schema: setting.optionalText,
    help: 'with --http: file whose first word, of at least 32 characters, is what callers show; all of them then act with the API key that is configured here',
  },
  hosts: {
    env: 'VECTRON_MCP_HOSTS',
    flag: 'hosts',
    schema: setting.nameList.optional(),
    help: 'with --http: names by which callers reach this server, besides its address and localhost',
  },
  origins: {
    env: 'VECTRON_MCP_ORIGINS',
    flag: 'origins',
    schema: setting.nameList.optional(),
    help: 'with --http: web origins whose pages may call, such as https://app.example.org; default: none',
  },
  maxRequests: {
    env: 'VECTRON_MCP_MAX_REQUESTS',
    flag: 'max-requests',
    schema: setting.integer(1, 10_000),
    default: '64',
    help: 'with --http: requests at once, 1 to 10000; more are refused with OVERLOADED',
  },
  maxBodyBytes: {
    env: 'VECTRON_MCP_MAX_BODY',
    flag: 'max-body',
    schema: setting.byteSizeWithin(2 ** 10, 2 ** 28),
    default: '4MiB',
    help: 'with --http: largest request, 1KiB to 256MiB',
  },
  tlsCertificate: {
    env: 'VECTRON_MCP_TLS_CERT',
    flag: 'tls-cert',
    schema: setting.optionalText,
    help: 'with --http: PEM file of the certificate of the listener, with its chain',
  },
  tlsKey: {
    env: 'VECTRON_MCP_TLS_KEY',
    flag: 'tls-key',
    schema: setting.optionalText,
    help: "with --http: PEM file of that certificate's key",
  },
  insecure: {
    env: 'VECTRON_MCP_INSECURE_LISTEN',
    flag: 'insecure-listen',
    schema: setting.flag,
    default: 'false',
    help: 'with --http, true: listen beyond this machine without TLS, for a proxy in front that has it',
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
  data: { ...ownWorkerKnobs.data, help: 'directory of everything the server keeps' },
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
    help: 'true: an empty data directory stays empty; false: it gets the collection debian-packages',
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
    help: 'environment only: yes lets set-up install Debian packages that it lacks, no never; default: it asks at a terminal, and otherwise prints the command',
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
    help: 'environment only: the browser of the console tests, default /usr/bin/chromium',
  },
  screenshots: {
    env: 'VECTRON_SCREENSHOTS',
    flag: 'screenshots',
    schema: setting.optionalText,
    help: 'environment only: directory in which the console tests leave pictures',
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
