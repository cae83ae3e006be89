import { type CollectionStatus, type VectronClient, VectronError } from '@vectron/sdk';
import type { AnyCollectionDefinition, NewCollection } from './collection-definition.js';

/**
 * Creates the collection if it does not exist; if several processes start at the same time, one of them does. Throws
 * FAILED_PRECONDITION if an existing collection has another dimension or distance than `create`.
 */
export async function makeIfMissing(
  client: VectronClient,
  { name, create }: Pick<AnyCollectionDefinition, 'name'> & { readonly create: NewCollection },
): Promise<void> {
  const found = (await statusOf(client, name)) ?? (await made(client, name, create));
  if (found !== undefined) checkFits(found, create);
}

/** Makes it; gives the one that another process has made meanwhile. */
async function made(client: VectronClient, name: string, create: NewCollection): Promise<CollectionStatus | undefined> {
  try {
    await client.createCollection(name, create);
    return undefined;
  } catch (error) {
    if (error instanceof VectronError && error.code === 'COLLECTION_EXISTS') return client.collectionStatus(name);
    throw error;
  }
}

async function statusOf(client: VectronClient, name: string): Promise<CollectionStatus | undefined> {
  try {
    return await client.collectionStatus(name);
  } catch (error) {
    if (error instanceof VectronError && error.code === 'COLLECTION_NOT_FOUND') return undefined;
    throw error;
  }
}

function checkFits({ name, dimension, distance }: CollectionStatus, create: NewCollection): void {
  const there = { dimension, distance };
  for (const setting of ['dimension', 'distance'] as const) {
    const wanted = create[setting];
    if (wanted === undefined || wanted === there[setting]) continue;
    throw new VectronError(
      'FAILED_PRECONDITION',
      `collection ${name} has the ${setting} ${there[setting]}, but the application requires ${wanted}; change the definition, or use another collection`,
    );
  }
}
