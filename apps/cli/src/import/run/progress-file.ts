import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { VectronError } from '@vectron/errors';
import { headOf } from '../file-bytes.js';
import type { Tally } from './tally.js';

/** What an import is of: one that goes on must be of the same. */
export interface ImportIdentity {
  readonly collection: string;
  /** The file as it was: its size, the time of its last change and the SHA-256 of its first 64 KiB. */
  readonly size: number;
  readonly changedMs: number;
  readonly head: string;
  /** The flags that decide what a row becomes. */
  readonly choice: string;
}

/** How far an import came: every row before `rows` is acknowledged by the server, or stands in the report. */
export interface Progress {
  readonly identity: ImportIdentity;
  readonly tally: Tally;
  readonly reportBytes: number;
  /** The collection was made by this import. */
  readonly made: boolean;
}

const HEAD = 64 << 10;

/** Of a file, or of the directory of a store. */
export async function identityOf(file: string, collection: string, choice: object): Promise<ImportIdentity> {
  const stat = statSync(file);
  const head = stat.isFile() ? (await headOf(file, HEAD)).head : Buffer.alloc(0);
  return {
    collection,
    size: stat.isFile() ? stat.size : 0,
    changedMs: stat.mtimeMs,
    head: createHash('sha256').update(head).digest('hex'),
    choice: JSON.stringify(choice),
  };
}

/** A file beside the report that says how far an import came, so that another can go on from there. */
export class ProgressFile {
  constructor(readonly file: string) {}

  /** Whole or not at all, also when the process is killed meanwhile. */
  save(progress: Progress): void {
    writeFileSync(`${this.file}.partial`, JSON.stringify(progress));
    renameSync(`${this.file}.partial`, this.file);
  }

  remove(): void {
    rmSync(this.file, { force: true });
  }

  /** undefined when there is none. Throws INVALID_ARGUMENT when it cannot be read. */
  load(): Progress | undefined {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw VectronError.invalid(
        'resume',
        `${this.file} cannot be read: ${(cause as Error).message}; import again without --resume`,
      );
    }
    try {
      return JSON.parse(text) as Progress;
    } catch (cause) {
      throw VectronError.invalid(
        'resume',
        `${this.file} is damaged: import the file again without --resume (${String(cause)})`,
      );
    }
  }

  /** The progress to go on from. Throws INVALID_ARGUMENT when there is none, or it is of something else. */
  resumed(identity: ImportIdentity): Progress {
    const progress = this.load();
    if (progress === undefined) {
      throw VectronError.invalid(
        'resume',
        `there is no import to continue, because the file ${this.file} does not exist; import without --resume`,
      );
    }
    const was = progress.identity;
    const changed =
      was.collection !== identity.collection
        ? `it was an import into ${was.collection}`
        : was.choice !== identity.choice
          ? `it had other flags: ${was.choice}`
          : was.size !== identity.size || was.head !== identity.head || was.changedMs !== identity.changedMs
            ? 'the file has changed since'
            : undefined;
    if (changed === undefined) return progress;
    throw VectronError.invalid('resume', `the import cannot continue: ${changed}; import again without --resume`);
  }
}
