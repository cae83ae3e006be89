import { VectronError } from '@vectron/errors';
import type { Alias, CollectionInfo, VectronClient } from '@vectron/sdk';

/** A collection as it is listed. */
export interface SeenCollection extends Pick<CollectionInfo, 'dimension' | 'distance' | 'shards' | 'points'> {
  readonly name: string;
  /** Other names that may be used for it. */
  readonly aliases: string[];
}

/**
 * The collections that can be seen: by the names that the operator gave, where there are any. A name is compared as it is: an alias of
 * a collection is allowed when the alias is, and a collection that is allowed is not by each of its aliases.
 */
export class CollectionScope {
  readonly #names: ReadonlySet<string> | undefined;

  constructor(names: readonly string[] | undefined) {
    this.#names = names === undefined ? undefined : new Set(names);
  }

  #allows(name: string): boolean {
    return this.#names === undefined || this.#names.has(name);
  }

  /** Throws PERMISSION_DENIED, which says the same of collections that exist and of others. */
  check(name: string): void {
    if (this.#allows(name)) return;
    const shown = [...(this.#names ?? [])].join(', ');
    throw new VectronError(
      'PERMISSION_DENIED',
      `this server only gives access to these collections; use one of ${shown}`,
      {
        details: { field: 'collection' },
      },
    );
  }

  /** In the order of their names. One that is allowed by an alias alone is listed by that name. */
  async list(client: VectronClient): Promise<SeenCollection[]> {
    const [collections, aliases] = await Promise.all([client.listCollections(), client.listAliases()]);
    return collections
      .flatMap((one) => this.#seen(one, aliases))
      .toSorted((a, b) => Number(a.name > b.name) - Number(a.name < b.name));
  }

  #seen({ name, dimension, distance, shards, points }: CollectionInfo, all: readonly Alias[]): SeenCollection[] {
    const aliases = all.flatMap(({ alias, collection }) => (collection === name && this.#allows(alias) ? [alias] : []));
    const [shown, ...others] = this.#allows(name) ? [name, ...aliases] : aliases;
    return shown === undefined ? [] : [{ name: shown, aliases: others, points, dimension, distance, shards }];
  }
}
