import { existsSync, readFileSync } from 'node:fs';
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

/** Runs `use` with a connected client and closes it. */
export async function withClient<T>(options: ClientOptions, use: (client: VectronClient) => Promise<T>): Promise<T> {
  const config = loadConfig(clientKnobs, options);
  const client = connect(config.url, { apiKey: apiKeyOf(config), retries: 2 });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
