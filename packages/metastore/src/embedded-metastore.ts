import { chmodSync, closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { ChangeFeed } from './change-feed.js';
import { lockFile } from './file-lock.js';
import { LocalLeases } from './local-leases.js';
import type { Change, Compare, Lease, MetaEntry, MetaStore, Operation, Page, TxnResult } from './metastore.js';

/**
 * One SQLite file, synced at every change; for one process: a second one gets CONFLICT before it changes anything. The file is readable by its owner only. Leases end with the
 * process: keys bound to one are gone at the next opening.
 */
export class EmbeddedMetaStore implements MetaStore {
  readonly #lock: { release(): void };
  readonly #db: Database.Database;
  readonly #feed: ChangeFeed;
  readonly #leases = new LocalLeases(this);

  constructor(file: string) {
    // A lock of its own: the store is read by others while it is open, such as to verify the audit log.
    this.#lock = lockFile(`${file}.lock`, dirname(file));
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    this.#db = new Database(file);
    this.#db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS entry (key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS store (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL);
      INSERT OR IGNORE INTO store VALUES (1, 0);
      CREATE TABLE IF NOT EXISTS leased (key TEXT PRIMARY KEY) WITHOUT ROWID;
      DELETE FROM entry WHERE key IN (SELECT key FROM leased);
      DELETE FROM leased;
    `);
    this.#feed = new ChangeFeed(this.#revision());
  }

  #revision(): number {
    return (this.#db.prepare('SELECT revision FROM store').get() as { revision: number }).revision;
  }

  #entry(key: string): MetaEntry | undefined {
    const row = this.#db.prepare('SELECT key, value, revision FROM entry WHERE key = ?').get(key);
    return row === undefined ? undefined : entryOf(row);
  }

  async get(key: string): Promise<MetaEntry | undefined> {
    return this.#entry(key);
  }

  async range(
    prefix: string,
    { after = '', limit = -1 }: Page = {},
  ): Promise<{ entries: MetaEntry[]; revision: number }> {
    const rows = this.#db
      .prepare('SELECT key, value, revision FROM entry WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?')
      .all(prefix, after, `${prefix}\u{10ffff}`, limit);
    return { entries: rows.map(entryOf), revision: this.#revision() };
  }

  async txn(compares: Compare[], operations: Operation[]): Promise<TxnResult> {
    const changes: Change[] = [];
    const run = this.#db.transaction((): TxnResult => {
      const current = this.#revision();
      const holds = compares.every(({ key, revision }) => (this.#entry(key)?.revision ?? 0) === revision);
      if (!holds || operations.length === 0) return { succeeded: holds, revision: current };
      this.#leases.bind(operations);
      const revision = current + 1;
      for (const operation of operations) {
        if ('put' in operation) {
          const put =
            'INSERT INTO entry VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision';
          this.#db.prepare(put).run(operation.put, operation.value, revision);
          const mark =
            operation.lease === undefined
              ? 'DELETE FROM leased WHERE key = ?'
              : 'INSERT OR IGNORE INTO leased VALUES (?)';
          this.#db.prepare(mark).run(operation.put);
          changes.push({ key: operation.put, value: operation.value, revision });
        } else {
          this.#db.prepare('DELETE FROM entry WHERE key = ?').run(operation.delete);
          changes.push({ key: operation.delete, value: undefined, revision });
        }
      }
      this.#db.prepare('UPDATE store SET revision = ?').run(revision);
      return { succeeded: true, revision };
    });
    const result = run();
    if (changes.length > 0) this.#feed.publish(changes);
    return result;
  }

  watch(prefix: string, revision: number, signal: AbortSignal): AsyncIterable<Change> {
    return this.#feed.watch(prefix, revision, signal);
  }

  async grant(): Promise<Lease> {
    return this.#leases.grant();
  }

  async close(): Promise<void> {
    this.#leases.end();
    this.#db.close();
    this.#lock.release();
  }
}

/** Without what the driver adds to a row. */
function entryOf(row: unknown): MetaEntry {
  const { key, value, revision } = row as MetaEntry;
  return { key, value, revision };
}

/** What a store holds, read beside the process that has it open, which may be running. */
export function readEmbedded(file: string): Pick<MetaStore, 'get' | 'range' | 'close'> {
  const db = new Database(file, { readonly: true, fileMustExist: true } as Database.Options);
  const rows = (where: string, ...values: string[]) =>
    db
      .prepare(`SELECT key, value, revision FROM entry WHERE ${where} ORDER BY key`)
      .all(...values)
      .map(entryOf);
  return {
    get: async (key) => rows('key = ?', key).at(0),
    range: async (prefix) => {
      const { revision } = db.prepare('SELECT revision FROM store').get() as { revision: number };
      return { entries: rows('key >= ? AND key < ?', prefix, `${prefix}\u{10ffff}`), revision };
    },
    close: async () => {
      db.close();
    },
  };
}
