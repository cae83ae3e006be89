import { VectronError } from '@vectron/errors';
import { greatestOf } from '@vectron/proto';

const MAX_BYTES = greatestOf('vectron.v1.Point', 'id');

/** Throws unless `id` is 1 to 512 bytes of valid Unicode without NUL. U+FFFD stands for bytes that were no UTF-8. */
export function checkPointId(id: string, field: string): void {
  const sound = id.length > 0 && id.isWellFormed() && !id.includes('\0') && !id.includes('\ufffd');
  if (!sound || Buffer.byteLength(id) > MAX_BYTES) {
    throw VectronError.invalid(field, `${field} must be 1 to ${MAX_BYTES} bytes of UTF-8 without NUL`);
  }
}
