import { statSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import { headOf } from '../file-bytes.js';

/** Bytes that files of storage begin with; a tar archive has its own further in. */
const MAGICS = ['SQLite format 3', 'PK\x03\x04'];
const TAR_AT = 257;

/** Refuses directories, archives and databases, which are the storage of a database and no export: `what` says so. */
export async function refuseStorage(file: string, what: string): Promise<void> {
  const isDirectory = statSync(file, { throwIfNoEntry: false })?.isDirectory() === true;
  const head = isDirectory ? '' : (await headOf(file, 512)).head.toString('latin1');
  const isStorage = isDirectory || MAGICS.some((magic) => head.startsWith(magic)) || head.startsWith('ustar', TAR_AT);
  if (isStorage)
    throw VectronError.invalid('file', `${file} is ${isDirectory ? 'a directory' : 'an archive or database'}, ${what}`);
}
