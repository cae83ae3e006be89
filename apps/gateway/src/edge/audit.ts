import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@vectron/observability';
import type { authInternal } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import type { Backends } from '../backends.js';
import {
  type AuditEntry,
  type AuditEvent,
  auditFiles,
  cutTornTail,
  FILE,
  FIRST,
  firstSequenceOf,
  ID_FILE,
  lastEntry,
  macOf,
  OLD_KEY_FILE,
  type Verification,
  verifyAudit,
} from './audit-files.js';
import { AuditFlood, type Refusal } from './audit-flood.js';

/** Where keys and anchors of audit logs are kept: the auth service. */
export type AuditChains = Pick<Backends['authInternal'], 'openAuditChain' | 'anchorAuditChain'>;

export interface AuditLimits {
  /** Full files that are kept beside the one that is written; 0: all of them. */
  readonly keepFiles: number;
  readonly rotateBytes: number;
}

/** A full file of the log. */
export const ROTATE_BYTES = 64 << 20;
/** Entries that wait to be written, at most; more are counted in one entry. */
const MAX_WAITING = 10_000;
const AGAIN_MS = 500;
/** The anchor is at most so far behind the log. */
const ANCHOR_MS = 1_000;
const CALL_MS = 5_000;

interface Waiting {
  readonly event: AuditEvent;
  readonly written: () => void;
}

/** The audit log as requests and administrators see it. */
export type AuditTrail = Pick<AuditLog, 'id' | 'record' | 'refused' | 'newest' | 'verify'>;

/**
 * The audit log of one gateway, `<data>/gateway/audit.jsonl` (0600): one JSON object a line, each chained to the one
 * before by an HMAC, so that a line that is changed, left out or put in between shows. The key of the HMAC and where the
 * chain stood last are kept by the auth service, so that a log that is written anew or cut off shows too. Entries are
 * written in order, those that wait together. Old files are `audit-<sequence>.jsonl`. Not for two processes at once.
 */
export class AuditLog {
  readonly id: string;
  readonly #file: string;
  readonly #stop = new AbortController();
  readonly #opened: Promise<boolean>;
  readonly #flood = new AuditFlood((event) => void this.record(event));
  #waiting: Waiting[] = [];
  #dropped = 0;
  #working: Promise<void> = Promise.resolve();
  #writing = false;
  #key: Uint8Array = new Uint8Array();
  #previous = FIRST;
  #sequence = 0;
  #firstSequence = 1;
  #bytes = 0;
  #anchored = 0;
  #anchoring: NodeJS.Timeout | undefined;

  constructor(
    private readonly dir: string,
    private readonly chains: AuditChains,
    private readonly limits: AuditLimits,
    private readonly logger: Logger,
  ) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#file = join(dir, FILE);
    this.id = idIn(dir);
    if (cutTornTail(this.#file))
      logger.warn({ file: this.#file }, 'the last audit entry was cut off by a crash; it is gone');
    const last = lastEntry(dir);
    if (last !== undefined) {
      this.#previous = last.mac;
      this.#sequence = last.sequence;
    }
    this.#bytes = existsSync(this.#file) ? statSync(this.#file).size : 0;
    this.#opened = this.#open();
  }

  /** Writes an entry; resolves when it is in the file, or counted among those that there was no room for. */
  record(event: AuditEvent): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#dropped += 1;
      return Promise.resolve();
    }
    return new Promise((written) => {
      this.#waiting.push({ event, written });
      if (!this.#writing) this.#working = this.#write();
    });
  }

  /** Writes down what was refused, or counts it while there is a flood of it. `target` is asked for when it is listed. */
  refused(refusal: Refusal, requestId: string, target: () => string): Promise<void> {
    return this.#flood.refused(refusal, requestId, target);
  }

  /** The newest entries, newest first, at most `limit`. */
  async newest(limit: number): Promise<AuditEntry[]> {
    await this.#working;
    const entries: AuditEntry[] = [];
    for (const file of auditFiles(this.dir).toReversed()) {
      const lines = (await readFile(join(this.dir, file), 'utf8')).split('\n').filter((line) => line !== '');
      for (const line of lines.toReversed()) {
        if (entries.push(JSON.parse(line) as AuditEntry) === limit) return entries;
      }
    }
    return entries;
  }

  /** Checks the whole of the log against its anchor. */
  async verify(): Promise<Verification & { others: readonly string[] }> {
    for (;;) {
      const first = this.#firstSequence;
      const chain = await this.#chain();
      const found = await verifyAudit(this.dir, chain).catch((error: unknown) => {
        if (first === this.#firstSequence) throw error;
      });
      // A file that was removed meanwhile, because there were too many, is not missing.
      if (found !== undefined && first === this.#firstSequence) return { ...found, others: chain.others };
    }
  }

  /** Writes what waits, and anchors it. */
  async close(): Promise<void> {
    this.#flood.tell();
    this.#stop.abort();
    await this.#opened;
    await this.#working;
    clearTimeout(this.#anchoring);
    await this.#anchor();
    if (this.#waiting.length > 0)
      this.logger.error({ entries: this.#waiting.length }, 'audit entries are lost: the auth service never answered');
  }

  /** The key comes from the auth service, which may start later than this gateway. */
  async #open(): Promise<boolean> {
    const { signal } = this.#stop;
    for (let told = false; ; ) {
      try {
        const { key, anchor } = await this.#chain();
        this.#key = key;
        rmSync(join(this.dir, OLD_KEY_FILE), { force: true });
        if (anchor !== undefined) this.#continue(anchor);
        return true;
      } catch (err) {
        if (signal.aborted) return false;
        if (!told) this.logger.warn({ err }, 'audit entries wait: the auth service does not give the key of the log');
        told = true;
        await pause(AGAIN_MS, undefined, { signal, ref: false }).catch(() => undefined);
        if (signal.aborted) return false;
      }
    }
  }

  #chain(): Promise<authInternal.AuditChain> {
    const oldFile = join(this.dir, OLD_KEY_FILE);
    const oldKey = existsSync(oldFile) ? readFileSync(oldFile) : Buffer.alloc(0);
    const request = { gatewayId: this.id, oldKey, oldSequence: oldKey.length > 0 ? this.#sequence : 0 };
    return this.chains.openAuditChain(request, callContext({ timeoutMs: CALL_MS }));
  }

  /** Goes on from what was anchored when the files hold less, so that what is missing shows for ever. */
  #continue(anchor: authInternal.AuditAnchor): void {
    this.#firstSequence = anchor.firstSequence;
    this.#anchored = anchor.sequence;
    if (this.#sequence >= anchor.sequence) return;
    this.logger.error(
      { gateway: this.id, last: this.#sequence, anchored: anchor.sequence },
      'the audit log is cut off: entries that were written are missing',
    );
    this.#sequence = anchor.sequence;
    this.#previous = anchor.mac;
  }

  async #write(): Promise<void> {
    this.#writing = true;
    // Nobody may wait when this is over: what comes from then on begins anew.
    for (const open = await this.#opened; open && this.#waiting.length > 0; ) {
      const batch = this.#waiting;
      const dropped = this.#dropped;
      this.#waiting = [];
      this.#dropped = 0;
      const events = batch.map(({ event }) => event);
      if (dropped > 0) events.push(noRoom(dropped));
      try {
        await this.#append(events);
      } catch (err) {
        this.logger.error({ err, entries: events.length }, 'audit entries could not be written');
      }
      for (const { written } of batch) written();
    }
    this.#writing = false;
  }

  async #append(events: readonly AuditEvent[]): Promise<void> {
    let [sequence, previous, lines] = [this.#sequence, this.#previous, ''];
    for (const event of events) {
      sequence += 1;
      const unsigned = { sequence, at: new Date().toISOString(), ...event, previous };
      previous = macOf(this.#key, unsigned);
      lines += `${JSON.stringify({ ...unsigned, mac: previous })}\n`;
    }
    if (this.#bytes > this.limits.rotateBytes) await this.#rotate();
    await appendFile(this.#file, lines, { mode: 0o600, flush: true });
    this.#bytes += Buffer.byteLength(lines);
    this.#previous = previous;
    this.#sequence = sequence;
    this.#anchoring ??= setTimeout(() => {
      this.#anchoring = undefined;
      void this.#anchor();
    }, ANCHOR_MS).unref();
  }

  async #anchor(): Promise<void> {
    if (this.#sequence === this.#anchored) return;
    const anchor = { firstSequence: this.#firstSequence, sequence: this.#sequence, mac: this.#previous };
    try {
      await this.chains.anchorAuditChain({ gatewayId: this.id, anchor }, callContext({ timeoutMs: CALL_MS }));
      this.#anchored = anchor.sequence;
    } catch (err) {
      this.logger.warn({ err }, 'the audit log could not be anchored; the next entry tries again');
    }
  }

  /** Begins a new file. The oldest one goes when there are too many, once the anchor says that it is not needed. */
  async #rotate(): Promise<void> {
    renameSync(this.#file, join(this.dir, `audit-${String(this.#sequence + 1).padStart(12, '0')}.jsonl`));
    this.#bytes = 0;
    const { keepFiles } = this.limits;
    const files = auditFiles(this.dir);
    if (keepFiles === 0 || files.length <= keepFiles) return;
    const [surplus, kept] = [files.slice(0, -keepFiles), files.slice(-keepFiles)];
    this.#firstSequence = (await firstSequenceOf(join(this.dir, kept[0]))) ?? this.#firstSequence;
    await this.#anchor();
    if (this.#anchored !== this.#sequence) return;
    for (const file of surplus) rmSync(join(this.dir, file));
    this.logger.warn({ files: surplus, firstSequence: this.#firstSequence }, 'old files of the audit log were removed');
  }
}

const noRoom = (dropped: number): AuditEvent => ({
  action: 'dropped',
  userId: '',
  who: '',
  address: '',
  target: `${dropped} entries that there was no room for`,
  result: 'OVERLOADED',
  requestId: '',
});

function idIn(dir: string): string {
  const file = join(dir, ID_FILE);
  if (!existsSync(file)) writeFileSync(file, randomUUID(), { mode: 0o600, flag: 'wx' });
  return readFileSync(file, 'utf8').trim();
}
