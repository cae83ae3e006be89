import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { VectronError } from '@vectron/errors';

/** What an embedded database keeps in its directory. */
const CATALOG = 'catalog.db';
/** What says that a directory is that of a server: its metadata, or the secrets that services make at their first start. */
const OF_SERVERS = ['meta.db', 'placement.db', 'auth.db', 'secrets', 'bootstrap.json', 'gateway'];
/** Files that systems and people leave everywhere. */
const isNothing = (name: string) => name.startsWith('.') || name === 'lost+found';

/**
 * Creates the directory of an embedded database if it does not exist. Throws INVALID_ARGUMENT if the path is not a directory,
 * PERMISSION_DENIED if this process cannot write to it, and FAILED_PRECONDITION, before anything is written, if it contains
 * something else: the data of a server, or other files.
 */
export async function claimDirectory(path: string): Promise<void> {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw VectronError.invalid('path', 'path must be the path of a directory');
  }
  let names: string[];
  try {
    await mkdir(path, { recursive: true });
    names = await readdir(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw refusal(path, cause as NodeJS.ErrnoException);
  }
  if (names.includes(CATALOG)) return;
  const others = names.filter((name) => !isNothing(name) && name !== 'engine');
  const details = { field: 'path' };
  const server = OF_SERVERS.find((name) => others.includes(name));
  if (server !== undefined) {
    const message = `${path} is the data directory of a server (it has ${server}): connect to the server, or name another directory`;
    throw new VectronError('FAILED_PRECONDITION', message, { details });
  }
  if (others.length > 0) {
    const message = `${path} is not empty and holds no database (it has ${others[0]}): name an empty directory, or one that is not there`;
    throw new VectronError('FAILED_PRECONDITION', message, { details });
  }
}

function refusal(path: string, cause: NodeJS.ErrnoException): VectronError {
  const details = { field: 'path' };
  switch (cause.code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return new VectronError('INVALID_ARGUMENT', `${path} is a file, or contains one; pass the path of a directory`, {
        cause,
        details,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new VectronError('PERMISSION_DENIED', `this process has no permission to write to ${path}`, {
        cause,
        details,
      });
    default:
      return new VectronError('FAILED_PRECONDITION', `${path} cannot be opened: ${cause.message}`, { cause, details });
  }
}
