import type { VectronClient } from './client.js';
import type { OpenOptions } from './open-options.js';

/**
 * A database in the directory `path`, in this process, without any server: the same interface, the same guarantees.
 * Made when it is not there. One process opens a directory at a time; a second one gets CONFLICT. There are no users:
 * the calls for accounts and keys, reranking, feedback and most of `admin` refuse with UNIMPLEMENTED.
 */
export async function open(path: string, options: OpenOptions = {}): Promise<VectronClient> {
  // Loaded here, so that clients of a server need no native addon.
  const { embeddedClient } = await import('./embedded-client.js');
  return embeddedClient(path, options);
}
