import { VectronError } from '@vectron/errors';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of bytes from outside. Throws INVALID_ARGUMENT for bytes that are no UTF-8; `name` is what they are called there. */
export function textOf(bytes: Uint8Array, name: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw VectronError.invalid(name, `${name} must be valid UTF-8`);
  }
}
