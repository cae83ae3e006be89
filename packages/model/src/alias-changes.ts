import { VectronError } from '@vectron/errors';
import { checkCollectionName } from './collection-name.js';

const MAX_ALIASES = 40;

/** Throws INVALID_ARGUMENT unless the changes of aliases may be made together: each alias once, and not too many. */
export function checkAliasChanges(
  set: readonly { readonly alias: string; readonly collection: string }[],
  gone: readonly string[],
): void {
  if (set.length + gone.length === 0) throw VectronError.invalid('set', 'send at least one alias in set or delete');
  set.forEach(({ alias, collection }, at) => {
    checkCollectionName(alias, `set[${at}].alias`);
    checkCollectionName(collection, `set[${at}].collection`);
  });
  const names = [...set.map(({ alias }) => alias), ...gone];
  if (new Set(names).size !== names.length)
    throw VectronError.invalid('set', 'each alias can only occur once in a request');
  if (names.length > MAX_ALIASES)
    throw VectronError.invalid('set', `a request can change at most ${MAX_ALIASES} aliases; send several requests`);
}
