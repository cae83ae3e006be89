import { VectronError } from '@vectron/errors';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** Throws INVALID_ARGUMENT naming `field` unless `name` may name a collection. */
export function checkCollectionName(name: string, field: string): void {
  if (!NAME.test(name)) {
    throw VectronError.invalid(
      field,
      'a collection name has 1 to 128 letters, digits, - and _, and starts with a letter or digit',
    );
  }
}
