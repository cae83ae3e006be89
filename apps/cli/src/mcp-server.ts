import { readdirSync, readFileSync } from 'node:fs';
import { type ConfigOf, defineKnobs, setting } from '@vectron/config';
import { VectronError } from '@vectron/errors';
import { type Callers, type McpSettings, OwnToken, PassedKeys, serveHttp, serveStdio } from '@vectron/mcp';
import { type OpenOptions, open, type VectronClient } from '@vectron/sdk';
import { apiKeyOf, type ClientOptions, clientConfig, clientOf } from './client.js';
import { clientKnobs, loadConfig, mcpKnobs } from './config.js';
import { note } from './output.js';
import { stopOnSignal } from './stop-on-signal.js';
import { VERSION } from './version.js';

const knobs = defineKnobs({ ...clientKnobs.knobs, ...mcpKnobs.knobs });
type McpConfig = ConfigOf<typeof knobs.knobs>;

/** Serves until its client is gone, or a signal comes. All that it says goes to stderr: the standard output is the protocol's. */
export async function runMcp(options: ClientOptions): Promise<void> {
  // Server and key are those of a profile where one is meant.
  const config = { ...loadConfig(knobs, options), ...clientConfig(options) };
  const settings: McpSettings = { ...config, version: VERSION, log: note };
  if (config.http === undefined) return overStdio(config, options, settings);
  await overHttp(config, config.http, options, settings);
}

async function overStdio(config: McpConfig, options: ClientOptions, settings: McpSettings): Promise<void> {
  const client = await clientFor(config, options);
  const serving = await serveStdio(client, settings);
  let ending: Promise<void> | undefined;
  const end = (): Promise<void> => {
    ending ??= serving.close().then(() => client.close());
    return ending;
  };
  stopOnSignal(end);
  note(`MCP server on the standard input and output${said(config)}`);
  await serving.ended;
  await end();
  // A connection that is kept for the next call must not keep the process.
  process.exit(0);
}

async function overHttp(
  config: McpConfig,
  { host, port }: { host: string; port: number },
  options: ClientOptions,
  settings: McpSettings,
): Promise<void> {
  const tls = tlsOf(config, host);
  const callers = await callersOf(config, options);
  const { hosts = [], origins = [], maxRequests, maxBodyBytes } = config;
  const listen = { host, port, tls, hosts, origins, maxRequests, maxBodyBytes };
  const listener = await serveHttp({ ...listen, callers }, settings);
  stopOnSignal(() => listener.close());
  const shown = config.tokenFile === undefined ? 'an API key of Vectron' : 'the token of --token-file';
  note(`MCP server at ${listener.url}${said(config)}; callers show ${shown}`);
}

const said = ({ write, collections }: McpConfig): string =>
  `, ${write ? 'reading and writing' : 'read-only'}${collections === undefined ? '' : `, of ${collections.join(', ')}`}`;

/** Without a token of its own, callers bring their keys: the one that is configured here, for whoever can reach it, is not used. */
async function callersOf(config: McpConfig, options: ClientOptions): Promise<Callers> {
  if (config.tokenFile !== undefined) return new OwnToken(tokenIn(config.tokenFile), await clientFor(config, options));
  if (config.embedded !== undefined)
    throw VectronError.invalid('token-file', 'an embedded database has no API keys; set --token-file as well');
  // A wrong address is told at the start.
  await clientOf(config, undefined).close();
  return new PassedKeys((apiKey) => clientOf(config, apiKey));
}

async function clientFor(config: McpConfig, options: ClientOptions): Promise<VectronClient> {
  const { embedded, embeddings } = config;
  if (embedded === undefined) return clientOf(config, apiKeyOf(config, options));
  requireDatabase(embedded);
  return open(embedded, { embeddings: embeddings === undefined ? undefined : providersIn(embeddings) });
}

/** `open` would make one where there is nothing, which is a path that was mistyped. */
function requireDatabase(path: string): void {
  try {
    if (readdirSync(path).length > 0) return;
  } catch (cause) {
    throw VectronError.invalid('embedded', `--embedded: cannot read ${path}: ${(cause as Error).message}`);
  }
  throw new VectronError(
    'FAILED_PRECONDITION',
    `--embedded: the directory ${path} is empty and contains no database; pass the directory of a database`,
  );
}

function providersIn(file: string): OpenOptions['embeddings'] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as OpenOptions['embeddings'];
  } catch (cause) {
    // What the parser says may show a part of the file, which has keys in it.
    const why = cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message;
    throw VectronError.invalid('embeddings', `--embeddings: cannot read ${file}: ${why}`);
  }
}

const LEAST_TOKEN = 32;

function tokenIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw VectronError.invalid('token-file', `--token-file cannot be read: ${(cause as Error).message}`);
  }
  const [token] = text.trim().split(/\s/);
  if (token.length < LEAST_TOKEN || !/^[\x21-\x7e]+$/.test(token))
    throw VectronError.invalid(
      'token-file',
      `the token in ${file} must have at least ${LEAST_TOKEN} letters and digits`,
    );
  return token;
}

/** Both files or none; beyond this machine, TLS is a must unless the operator has said that a proxy has it. */
function tlsOf(config: McpConfig, host: string): { cert: string; key: string } | undefined {
  const { tlsCertificate, tlsKey, insecure } = config;
  if ((tlsCertificate === undefined) !== (tlsKey === undefined))
    throw VectronError.invalid('tls', 'TLS requires both --tls-cert and --tls-key');
  if (tlsCertificate !== undefined && tlsKey !== undefined)
    return { cert: pemIn(tlsCertificate, 'tls-cert'), key: pemIn(tlsKey, 'tls-key') };
  if (insecure || setting.isLoopback(host)) return undefined;
  throw VectronError.invalid(
    'http',
    `a listener on ${host} would accept unencrypted connections of other machines: set --tls-cert and --tls-key, listen on 127.0.0.1, or set --insecure-listen true if a proxy in front of it terminates TLS`,
  );
}

function pemIn(file: string, flag: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw VectronError.invalid(flag, `--${flag}: cannot read ${file}: ${(cause as Error).message}`);
  }
}
