import { existsSync, readFileSync } from 'node:fs';
import { setting } from '@vectron/config';
import { VectronError } from '@vectron/errors';
import { connect, type VectronClient } from '@vectron/sdk';
import { bootstrapFile } from './bootstrap-file.js';
import { type ClientConfig, clientKnobs, isInEnvironment, loadConfig } from './config.js';
import { profileNamed, readProfiles } from './profiles.js';

export interface ClientOptions {
  readonly json?: boolean;
  readonly [flag: string]: unknown;
}

const PLACE = ['url', 'apiKey', 'apiKeyFile', 'caFile', 'data'] as const;
const isGiven = (options: ClientOptions) => (name: (typeof PLACE)[number]) =>
  options[name] !== undefined || isInEnvironment(name);

/**
 * The settings of a client command: those of a profile as a whole, or those of flags and environment. The key of a profile is never sent to
 * another server than the profile's. Throws INVALID_ARGUMENT where a profile and a server or key are given in the same way.
 */
export function clientConfig(options: ClientOptions): ClientConfig {
  const config = loadConfig(clientKnobs, options);
  const byFlag = PLACE.filter((name) => name !== 'data' && options[name] !== undefined);
  if (options.profile !== undefined && byFlag.length > 0)
    throw VectronError.invalid('profile', `use either --profile or --${clientKnobs.knobs[byFlag[0]].flag}, not both`);
  // A flag stands before the environment: a server or key that is given by one is not of the profile that a variable names.
  const name = options.profile === undefined && byFlag.length > 0 ? undefined : config.profile;
  if (name === undefined) {
    if (PLACE.some(isGiven(options))) return { ...config, profile: undefined };
    const { current } = readProfiles();
    return current === undefined ? config : ofProfile(config, current);
  }
  if (options.profile === undefined && (isInEnvironment('url') || isInEnvironment('apiKey')))
    throw VectronError.invalid(
      'profile',
      'VECTRON_PROFILE cannot be combined with VECTRON_URL or VECTRON_API_KEY: unset one of them',
    );
  return ofProfile(config, name);
}

function ofProfile(config: ClientConfig, name: string): ClientConfig {
  const { url, caFile, apiKey } = profileNamed(name);
  return { ...config, profile: name, url, caFile, apiKey, apiKeyFile: undefined };
}

/** Whether the server of this address is reached within this machine alone. */
function isOfThisMachine(url: string): boolean {
  return URL.canParse(url) && setting.isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));
}

/**
 * The key given, by a flag before the environment; else the administrator's key in the single server's data directory. The latter is sent to
 * a server of another machine only where the data directory was named by the caller: a folder that a command happens to run in does
 * not decide who learns an administrator's key. undefined: no key.
 */
export function apiKeyOf(config: ClientConfig, options: ClientOptions): string | undefined {
  if (config.profile !== undefined) return config.apiKey;
  if (options.apiKey !== undefined && options.apiKeyFile !== undefined)
    throw VectronError.invalid('api-key-file', 'use either --api-key-file or --api-key, not both');
  const byFlag = options.apiKeyFile === undefined ? config.apiKey : undefined;
  if (byFlag !== undefined) return byFlag;
  if (config.apiKeyFile !== undefined) return keyIn(config.apiKeyFile);
  if (!isGiven(options)('data') && !isOfThisMachine(config.url)) return undefined;
  const file = bootstrapFile(config.data);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { apiKey: string }).apiKey : undefined;
}

/** What `--ca-file` holds. Throws INVALID_ARGUMENT when it cannot be read. */
export function authorities({ caFile }: ClientConfig): string | undefined {
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
  if (key === '')
    throw VectronError.invalid('api-key-file', `the file ${file} contains no API key; pass a file written by --out`);
  return key;
}

/** A client of the server that is configured. Connects lazily. */
export const clientOf = (config: ClientConfig, apiKey: string | undefined): VectronClient =>
  connect(config.url, { apiKey, ca: authorities(config) });

/** Runs `use` with a connected client and closes it. */
export function withClient<T>(options: ClientOptions, use: (client: VectronClient) => Promise<T>): Promise<T> {
  const config = clientConfig(options);
  return withKey(config, apiKeyOf(config, options), use);
}

/** As withClient, for those who have no key or login yet: what is kept of another account on this machine is not sent. */
export const withoutKey = <T>(options: ClientOptions, use: (client: VectronClient) => Promise<T>): Promise<T> =>
  withKey(clientConfig(options), undefined, use);

/** As withClient, with the token of a login. */
export const withToken = <T>(
  options: ClientOptions,
  token: string,
  use: (client: VectronClient) => Promise<T>,
): Promise<T> => withKey(clientConfig(options), token, use);

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
