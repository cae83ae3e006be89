import { existsSync, readFileSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import { connect, type VectronClient } from '@vectron/sdk';
import { type ClientConfig, clientKnobs, loadConfig } from './config.js';
import { bootstrapFile } from './single-server.js';

export interface ClientOptions {
  readonly json?: boolean;
  readonly [flag: string]: unknown;
}

/** The key given, else the one of the single server's data directory. */
export function apiKeyOf(config: ClientConfig): string | undefined {
  if (config.apiKey !== undefined) return config.apiKey;
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

/** Runs `use` with a connected client and closes it. */
export async function withClient<T>(options: ClientOptions, use: (client: VectronClient) => Promise<T>): Promise<T> {
  const config = loadConfig(clientKnobs, options);
  const client = connect(config.url, { apiKey: apiKeyOf(config), retries: 2, ca: authorities(config) });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
