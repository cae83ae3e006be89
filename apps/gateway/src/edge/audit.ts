import { createHmac, randomBytes } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Logger } from '@vectron/observability';
import { RateLimiterMemory } from 'rate-limiter-flexible';

/** Who did what, where from, and how it ended. */
export interface AuditEvent {
  /** Such as `login`, `createApiKey`, `deleteCollection`; `denied` for what was refused. */
  readonly action: string;
  readonly userId: string;
  /** E-mail address, or public part of the API key. */
  readonly who: string;
  readonly address: string;
  /** What it was done to: a name, an id, a route. */
  readonly target: string;
  /** `OK` or the error code. */
  readonly result: string;
  readonly requestId: string;
}

export interface AuditEntry extends AuditEvent {
  readonly sequence: number;
  readonly at: string;
  /** HMAC-SHA-256 over the entry without this field; it holds that of the entry before. */
  readonly previous: string;
  readonly mac: string;
}

const FIRST = 'the first entry';
/** Refusals that are written each second; a flood of them is counted and told in one entry. */
const MAX_DENIALS = 20;
const ROTATE_BYTES = 64 << 20;
const KEPT_FILES = 16;
const FILE = 'audit.jsonl';

/**
 * The audit log of one gateway, `<data>/gateway/audit.jsonl` (0600): one JSON object a line, each chained to the one
 * before by an HMAC, so that a line that is changed, left out or put in between shows. Entries are written in order,
 * and one at a time. Old files are `audit-<sequence>.jsonl`.
 */
export class AuditLog {
  readonly #file: string;
  readonly #key: Buffer;
  readonly #denials = new RateLimiterMemory({ points: MAX_DENIALS, duration: 1 });
  #previous = FIRST;
  #sequence = 0;
  #bytes = 0;
  #suppressed = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly dir: string,
    private readonly logger: Logger,
  ) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#file = join(dir, FILE);
    this.#key = auditKey(dir);
    if (cutTornTail(this.#file))
      logger.warn({ file: this.#file }, 'the last audit entry was cut off by a crash; it is gone');
    const last = lastEntry(dir);
    if (last !== undefined) {
      this.#previous = last.mac;
      this.#sequence = last.sequence;
    }
    this.#bytes = existsSync(this.#file) ? statSync(this.#file).size : 0;
  }

  /** Writes an entry; resolves when it is in the file. */
  record(event: AuditEvent): Promise<void> {
    this.#writing = this.#writing
      .then(() => this.#append(event))
      .catch((err) => {
        this.logger.error({ err }, 'an audit entry could not be written');
      });
    return this.#writing;
  }

  /** A refusal: of a flood of them, the first of each second and the number of the others. */
  async denied(event: Omit<AuditEvent, 'action'>): Promise<void> {
    try {
      await this.#denials.consume('denied');
    } catch {
      this.#suppressed += 1;
      return;
    }
    const more = this.#suppressed;
    this.#suppressed = 0;
    const target = more === 0 ? event.target : `${event.target} (and ${more} refusals before it that are not listed)`;
    await this.record({ ...event, action: 'denied', target });
  }

  /** The newest entries, newest first, at most `limit`. */
  async newest(limit: number): Promise<AuditEntry[]> {
    await this.#writing;
    const entries: AuditEntry[] = [];
    for (const file of auditFiles(this.dir).toReversed()) {
      const lines = (await readFile(join(this.dir, file), 'utf8')).split('\n').filter((line) => line !== '');
      for (const line of lines.toReversed()) {
        if (entries.push(JSON.parse(line) as AuditEntry) === limit) return entries;
      }
    }
    return entries;
  }

  close(): Promise<void> {
    return this.#writing;
  }

  async #append(event: AuditEvent): Promise<void> {
    const sequence = this.#sequence + 1;
    const unsigned = { sequence, at: new Date().toISOString(), ...event, previous: this.#previous };
    const mac = macOf(this.#key, unsigned);
    const line = `${JSON.stringify({ ...unsigned, mac })}\n`;
    if (this.#bytes > ROTATE_BYTES) this.#rotate(sequence);
    await appendFile(this.#file, line, { mode: 0o600, flush: true });
    this.#bytes += Buffer.byteLength(line);
    this.#previous = mac;
    this.#sequence = sequence;
  }

  #rotate(sequence: number): void {
    renameSync(this.#file, join(this.dir, `audit-${String(sequence).padStart(12, '0')}.jsonl`));
    this.#bytes = 0;
    const surplus = auditFiles(this.dir).length - KEPT_FILES;
    if (surplus > 0)
      this.logger.warn({ files: surplus }, 'there are more audit files than are needed: archive the oldest');
  }
}

const macOf = (key: Buffer, unsigned: object) =>
  createHmac('sha256', key).update(JSON.stringify(unsigned)).digest('base64url');

function auditKey(dir: string): Buffer {
  const file = join(dir, 'audit.key');
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600, flag: 'wx' });
  return readFileSync(file);
}

/** Oldest first. */
function auditFiles(dir: string): string[] {
  const old = readdirSync(dir)
    .filter((name) => /^audit-\d+\.jsonl$/.test(name))
    .sort();
  return existsSync(join(dir, FILE)) ? [...old, FILE] : old;
}

/** Removes an entry that a crash left without its end: it would keep the gateway from starting. */
function cutTornTail(file: string): boolean {
  if (!existsSync(file)) return false;
  const bytes = readFileSync(file);
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole === bytes.length) return false;
  truncateSync(file, whole);
  return true;
}

function lastEntry(dir: string): AuditEntry | undefined {
  for (const file of auditFiles(dir).toReversed()) {
    const last = readFileSync(join(dir, file), 'utf8').trimEnd().split('\n').at(-1);
    if (last !== undefined && last !== '') return JSON.parse(last) as AuditEntry;
  }
  return undefined;
}

/** Checks the chain of a gateway's audit log. Returns the entries, and what is wrong with the first wrong one. */
export async function verifyAudit(dir: string): Promise<{ entries: number; wrong?: string }> {
  const key = readFileSync(join(dir, 'audit.key'));
  let previous: string | undefined;
  let entries = 0;
  let sequence: number | undefined;
  for (const file of auditFiles(dir)) {
    for await (const line of createInterface({ input: createReadStream(join(dir, file)) })) {
      entries += 1;
      const at = `${file}, entry ${entries}`;
      let entry: AuditEntry;
      try {
        entry = JSON.parse(line) as AuditEntry;
      } catch {
        return { entries, wrong: `${at} is no JSON` };
      }
      const { mac, ...unsigned } = entry;
      if (macOf(key, unsigned) !== mac) return { entries, wrong: `${at} was changed` };
      const follows =
        previous === undefined || (unsigned.previous === previous && unsigned.sequence === (sequence ?? 0) + 1);
      if (!follows) return { entries, wrong: `before ${at} something is missing` };
      previous = mac;
      sequence = unsigned.sequence;
    }
  }
  return { entries };
}
