import {
  type Collection,
  type CollectionOptions,
  type PathOf,
  type Payload,
  type PayloadIndex,
  VectronError,
} from '@vectron/sdk';

/** A payload index on a path of payloads of the type `P`. */
export type PayloadIndexOf<P extends object> = PayloadIndex & { readonly path: PathOf<P> };

/** Settings for creating a collection. */
export type NewCollection<P extends object = Payload> = Omit<CollectionOptions, 'indexes'> & {
  readonly indexes?: readonly PayloadIndexOf<P>[];
};

/** The definition of a collection to inject; `P` is the type of its payloads. */
export interface CollectionDefinition<P extends object = Payload> {
  /** The name of the collection, or of an alias. */
  readonly name: string;
  /** The name of its client in `forRoot`; default: the client without a name. */
  readonly client?: string;
  /**
   * Made with this when the application starts and there is no such collection. One that is there stays as it is; when its dimension or
   * distance is another one, the application does not start. Without it, nothing is asked and nothing is made.
   */
  readonly create?: NewCollection<P>;
  /** Carries the type of the payload; it is never set at run time. */
  readonly payload?: P;
}

/** A collection definition with any type of payload. */
export type AnyCollectionDefinition = Omit<CollectionDefinition, 'payload'> & { readonly payload?: object };

/** The type `Collection<P>` of the collection that a definition injects. */
export type CollectionOf<Definition> =
  Definition extends CollectionDefinition<infer P extends object> ? Collection<P> : never;

/**
 * Defines a collection whose payloads have the type `P`. Throws INVALID_ARGUMENT for an invalid name or an unknown option.
 */
export function defineCollection<P extends object = Payload>(
  name: string,
  options: Pick<CollectionDefinition<P>, 'client' | 'create'> = {},
): CollectionDefinition<P> {
  return checkDefinition({ ...options, name });
}

const FIELDS = ['name', 'client', 'create', 'payload'];

/**
 * Throws INVALID_ARGUMENT for an invalid definition. Names and settings are checked when the collection is created.
 */
export function checkDefinition<Definition extends AnyCollectionDefinition>(definition: Definition): Definition {
  if (!isDefinition(definition) || typeof definition.name !== 'string' || definition.name === '')
    throw VectronError.invalid(
      'name',
      'the definition of a collection must be an object with the name of the collection',
    );
  const { name, client, create } = definition;
  const other = Object.keys(definition).find((key) => !FIELDS.includes(key));
  if (other !== undefined)
    throw VectronError.invalid(
      other,
      `collection ${name}: unknown option ${other}; the options are name, client and create`,
    );
  if (client !== undefined && (typeof client !== 'string' || client === ''))
    throw VectronError.invalid('client', `collection ${name}: client must be the name of a client`);
  if (create !== undefined && (typeof create !== 'object' || create === null))
    throw VectronError.invalid('create', `collection ${name}: create must be the settings of a new collection`);
  return definition;
}

export const isDefinition = (value: unknown): value is AnyCollectionDefinition =>
  typeof value === 'object' && value !== null;
