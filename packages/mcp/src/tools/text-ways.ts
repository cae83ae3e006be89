import type { Collection } from '@vectron/sdk';

/** The ways in which a collection can be searched by text. */
export interface TextWays {
  /** Whether it has an embedding. */
  readonly meaning: boolean;
  /** Paths with a text index. */
  readonly words: readonly string[];
}

export async function textWays({ client, name }: Collection): Promise<TextWays> {
  const [{ settings }, { indexes }] = await Promise.all([client.collectionStatus(name), client.listIndexes(name)]);
  const words = indexes.filter(({ type }) => type === 'text').map(({ path }) => path);
  return { meaning: settings.embedding !== undefined && settings.embedding.provider !== '', words };
}
