import type { VectronClient } from './client.js';
import type { OpenOptions } from './open-options.js';

/**
 * Opens an embedded database in the directory `path`, without a server, with the same interface and the same guarantees. The
 * directory is created if it does not exist. Only one process can open a directory at a time; a second one gets CONFLICT. There
 * are no users: calls for accounts and keys, reranking, feedback and most of `admin` fail with UNIMPLEMENTED.
 */
export async function open(path: string, options: OpenOptions = {}): Promise<VectronClient> {
  // Loaded here, so that clients of a server need no native addon.
  const { embeddedClient } = await import('./embedded-client.js');
  return embeddedClient(path, options);
}
