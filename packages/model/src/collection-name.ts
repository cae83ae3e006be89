import { VectronError } from '@vectron/errors';
import { rulesOf } from '@vectron/proto';

const NAME = new RegExp(rulesOf('vectron.v1.CreateCollectionRequest', 'name').pattern ?? '', 'u');

/** Throws INVALID_ARGUMENT naming `field` unless `name` may name a collection. */
export function checkCollectionName(name: string, field: string): void {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw VectronError.invalid(
      field,
      'a collection name must have 1 to 128 letters, digits, - and _, and start with a letter or digit',
    );
  }
}
