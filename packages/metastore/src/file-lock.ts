import { chmodSync, closeSync, openSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import Database from 'libsql';

/**
 * Holds a file for one opener, in this process or another, until `release` or the end of the process, however that comes: the
 * lock is the operating system's, and no trace of a process that was killed keeps others out. Throws CONFLICT.
 */
export function lockFile(file: string, what: string): { release(): void } {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const database = new Database(file);
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    if ((cause as { code?: string }).code !== 'SQLITE_BUSY') throw cause;
    throw new VectronError('CONFLICT', `${what} is in use by another process`, { cause });
  }
  return { release: () => database.close() };
}
