import { type CollectionStatus, type VectronClient, VectronError } from '@vectron/sdk';
import type { AnyCollectionDefinition, NewCollection } from './collection-definition.js';

/**
 * Makes the collection when it is not there; of several processes that start at once, one does. Throws FAILED_PRECONDITION when the
 * one that is there has another dimension or distance than `create` says.
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
