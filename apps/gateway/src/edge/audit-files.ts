import { createHmac } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { authInternal } from '@vectron/proto';

/** Who did what, where from, and how it ended. */
export interface AuditEvent {
  /** Such as `login`, `createApiKey`, `deleteCollection`; `denied` for what was refused. */
  readonly action: string;
  readonly userId: string;
  /** E-mail address, or public part of the API key. */
  readonly who: string;
  readonly address: string;
  /** What it was done to: names and ids. */
  readonly target: string;
  /** `OK` or the error code. */
  readonly result: string;
  readonly requestId: string;
}

export interface AuditEntry extends AuditEvent {
  readonly sequence: number;
  readonly at: string;
  /** The mac of the entry before. */
  readonly previous: string;
  /** HMAC-SHA-256 over the entry without this field. */
  readonly mac: string;
}

/** What stands for the mac of the entry before the first one. */
export const FIRST = 'the first entry';
export const FILE = 'audit.jsonl';
/** Names the log of a gateway where its key and its anchor are kept. */
export const ID_FILE = 'audit.id';
/** The key of a log from before keys were kept by the auth service. */
export const OLD_KEY_FILE = 'audit.key';

export const macOf = (key: Uint8Array, unsigned: object) =>
  createHmac('sha256', key).update(JSON.stringify(unsigned)).digest('base64url');

/** Names of the files of one audit log, the oldest first; the one that is written to is the last. */
export function auditFiles(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const old = readdirSync(dir)
    .filter((name) => /^audit-\d+\.jsonl$/.test(name))
    .sort();
  return existsSync(join(dir, FILE)) ? [...old, FILE] : old;
}

/** Removes an entry that a crash left without its end: it would keep the gateway from starting. */
export function cutTornTail(file: string): boolean {
  if (!existsSync(file)) return false;
  const bytes = readFileSync(file);
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole === bytes.length) return false;
  truncateSync(file, whole);
  return true;
}

/** The newest entry; undefined: there is none. */
export function lastEntry(dir: string): AuditEntry | undefined {
  for (const file of auditFiles(dir).toReversed()) {
    const last = readFileSync(join(dir, file), 'utf8').trimEnd().split('\n').at(-1);
    if (last !== undefined && last !== '') return JSON.parse(last) as AuditEntry;
  }
  return undefined;
}

/** The sequence of the first entry of a file; undefined: it has none. */
export async function firstSequenceOf(path: string): Promise<number | undefined> {
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input })) return (JSON.parse(line) as AuditEntry).sequence;
    return undefined;
  } finally {
    input.destroy();
  }
}

export interface Verification {
  readonly entries: number;
  /** What is wrong with the first wrong entry; undefined: nothing is. */
  readonly wrong?: string;
}

/**
 * Checks the audit log in a directory: each entry against its mac and the one before it, and all of them against what was
 * anchored outside of the directory, so that a beginning, an end or a file that is cut off shows as well.
 */
export async function verifyAudit(dir: string, chain: Omit<authInternal.AuditChain, 'others'>): Promise<Verification> {
  const { anchor } = chain;
  let previous: Pick<AuditEntry, 'sequence' | 'mac'> | undefined;
  let entries = 0;
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
      const key = unsigned.sequence <= chain.oldSequence ? chain.oldKey : chain.key;
      if (macOf(key, unsigned) !== mac) return { entries, wrong: `${at} was changed` };
      const wrong = previous === undefined ? beginning(entry, anchor?.firstSequence) : following(at, entry, previous);
      if (wrong !== undefined) return { entries, wrong };
      if (anchor?.sequence === unsigned.sequence && anchor.mac !== mac) {
        return { entries, wrong: `${at} is not the entry ${unsigned.sequence} that was written first` };
      }
      previous = { sequence: unsigned.sequence, mac };
    }
  }
  const last = previous?.sequence ?? 0;
  if (anchor !== undefined && last < anchor.sequence) {
    return { entries, wrong: `the end is missing: entries ${last + 1} to ${anchor.sequence}` };
  }
  return { entries };
}

/** What is wrong with the first entry that is there; older ones than the log keeps may be there still. */
function beginning({ sequence, previous }: AuditEntry, first = 1): string | undefined {
  if (sequence > first) return `the beginning is missing: entries ${first} to ${sequence - 1}`;
  if (sequence === 1 && previous !== FIRST) return 'the first entry has another before it';
  return undefined;
}

function following(at: string, entry: AuditEntry, previous: Pick<AuditEntry, 'sequence' | 'mac'>): string | undefined {
  if (entry.previous === previous.mac && entry.sequence === previous.sequence + 1) return undefined;
  return `before ${at} something is missing`;
}
