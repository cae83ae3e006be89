import { existsSync, readFileSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import { connect, type VectronClient } from '@vectron/sdk';
import { bootstrapFile } from './bootstrap-file.js';
import { type ClientConfig, clientKnobs, loadConfig } from './config.js';

export interface ClientOptions {
  readonly json?: boolean;
  readonly [flag: string]: unknown;
}

/** The key given, by a flag before the environment; else the one of the single server's data directory. */
export function apiKeyOf(config: ClientConfig, options: ClientOptions): string | undefined {
  if (options.apiKey !== undefined && options.apiKeyFile !== undefined)
    throw VectronError.invalid('api-key-file', 'give --api-key-file or --api-key, not both');
  const byFlag = options.apiKeyFile === undefined ? config.apiKey : undefined;
  if (byFlag !== undefined) return byFlag;
  if (config.apiKeyFile !== undefined) return keyIn(config.apiKeyFile);
  const file = bootstrapFile(config.data);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { apiKey: string }).apiKey : undefined;
}

/** What `--ca-file` holds. Throws INVALID_ARGUMENT when it cannot be read. */
function authorities({ caFile }: ClientConfig): string | undefined {
  if (caFile === undefined) return undefined;
  try {
    return readFileSync(caFile, 'utf8');
  } catch (cause) {
    throw VectronError.invalid('ca-file', `--ca-file: cannot read ${caFile}: ${(cause as Error).message}`);
  }
}

function keyIn(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw VectronError.invalid('api-key-file', `the file of the API key cannot be read: ${(cause as Error).message}`);
  }
  const [key] = text.trim().split(/\s/);
  if (key === '') throw VectronError.invalid('api-key-file', `the file ${file} holds no API key`);
  return key;
}

/** A client of the server that is configured. Connects lazily. */
export const clientOf = (config: ClientConfig, apiKey: string | undefined): VectronClient =>
  connect(config.url, { apiKey, ca: authorities(config) });

/** Runs `use` with a connected client and closes it. */
export function withClient<T>(options: ClientOptions, use: (client: VectronClient) => Promise<T>): Promise<T> {
  const config = loadConfig(clientKnobs, options);
  return withKey(config, apiKeyOf(config, options), use);
}

/** As withClient, for those who have no key or login yet: what is kept of another account on this machine is not sent. */
export const withoutKey = <T>(options: ClientOptions, use: (client: VectronClient) => Promise<T>): Promise<T> =>
  withKey(loadConfig(clientKnobs, options), undefined, use);

/** As withClient, with the token of a login. */
export const withToken = <T>(
  options: ClientOptions,
  token: string,
  use: (client: VectronClient) => Promise<T>,
): Promise<T> => withKey(loadConfig(clientKnobs, options), token, use);

async function withKey<T>(
  config: ClientConfig,
  apiKey: string | undefined,
  use: (client: VectronClient) => Promise<T>,
): Promise<T> {
  const client = clientOf(config, apiKey);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
