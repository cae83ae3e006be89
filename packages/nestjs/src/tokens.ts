import { Inject } from '@nestjs/common';
import { type AnyCollectionDefinition, isDefinition } from './collection-definition.js';
import { DEFAULT_CLIENT } from './default-client.js';

export { DEFAULT_CLIENT };

/** The token of a client, for `inject` of factories and `overrideProvider` of tests. */
export const getVectronToken = (client: string = DEFAULT_CLIENT): string => `VectronClient:${client}`;

/** The injection token of a collection. If `collection` is a name, `client` is the name of its client. */
export function getCollectionToken(
  collection: string | AnyCollectionDefinition,
  client: string = DEFAULT_CLIENT,
): string {
  const { name, client: of } = isDefinition(collection) ? collection : { name: collection, client };
  return `VectronCollection:${of ?? DEFAULT_CLIENT}:${name}`;
}

/** Injects the `VectronClient` that `forRoot` created with this name. */
export const InjectVectron = (client?: string): PropertyDecorator & ParameterDecorator =>
  Inject(getVectronToken(client));

/**
 * Injects a `Collection` that was registered with `forFeature`, given by its definition, or by its name and the name of
 * its client.
 */
export const InjectCollection = (
  collection: string | AnyCollectionDefinition,
  client?: string,
): PropertyDecorator & ParameterDecorator => Inject(getCollectionToken(collection, client));
