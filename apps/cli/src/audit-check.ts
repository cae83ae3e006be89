import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AuditChains } from '@vectron/auth';
import { AUDIT_ID_FILE, type Verification, verifyAudit } from '@vectron/gateway';
import { readEmbedded } from '@vectron/metastore';

/** Whether a data directory has all that it takes: it is that of the single server. */
export const checkableHere = (data: string): boolean =>
  [join('secrets', 'pepper'), 'meta.db', 'gateway'].every((name) => existsSync(join(data, name)));

/** Checks the audit log of a single server, which may be running. A log that is gone as a whole is missed too. */
export async function checkAudit(data: string): Promise<Verification> {
  const meta = readEmbedded(join(data, 'meta.db'));
  try {
    const pepper = readFileSync(join(data, 'secrets', 'pepper'), 'utf8');
    const chains = new AuditChains({ ...meta, txn: readOnly }, pepper);
    const dir = join(data, 'gateway');
    const idFile = join(dir, AUDIT_ID_FILE);
    const id = existsSync(idFile) ? readFileSync(idFile, 'utf8').trim() : undefined;
    // The anchor first: entries that are written meanwhile are more than it asks for.
    const gone = (await chains.gateways()).find((one) => one !== id);
    if (gone !== undefined) return { entries: 0, wrong: `the whole log of gateway ${gone} is missing` };
    if (id === undefined) return { entries: 0 };
    const { oldKey = Buffer.alloc(0), anchor, ...chain } = await chains.read(id);
    return await verifyAudit(dir, { ...chain, oldKey, anchor });
  } finally {
    await meta.close();
  }
}

const readOnly = () => Promise.reject(new Error('the store was opened to be read only'));
