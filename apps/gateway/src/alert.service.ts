import { randomUUID } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import { placement } from '@vectron/proto';
import { callContext } from '@vectron/rpc';
import type { Backends } from './backends.js';
import type { GatewayDb } from './gateway-db.js';

export interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly subject: string;
  readonly level: 'warning' | 'critical';
  readonly message: string;
  readonly status: 'open' | 'resolved';
  readonly openedAtMs: number;
  readonly resolvedAtMs: number | null;
  readonly resolvedBy: string | null;
}
type Finding = Pick<Alert, 'rule' | 'subject' | 'level' | 'message'>;

const EVERY_MS = 10_000;
const MAX_INDEX_LAG = 50_000;
const MAX_DISK_SHARE = 0.9;

/** What is wrong with the cluster right now, from what its workers report. Pure. */
export function findings(
  workers: {
    workerId: string;
    healthy: boolean;
    diskTotalBytes: number;
    last?: { diskUsedBytes: number; shards: { shardId: number; tailPoints: number }[] };
  }[],
): Finding[] {
  return workers.flatMap((worker) => {
    const subject = `worker ${worker.workerId}`;
    const found: Finding[] = [];
    if (!worker.healthy)
      found.push({ rule: 'worker_down', subject, level: 'critical', message: `${subject} sends no heartbeat` });
    const share = (worker.last?.diskUsedBytes ?? 0) / worker.diskTotalBytes;
    if (share > MAX_DISK_SHARE) {
      found.push({
        rule: 'disk',
        subject,
        level: 'warning',
        message: `${subject}: the disk is ${Math.round(share * 100)} % full`,
      });
    }
    for (const shard of worker.last?.shards ?? []) {
      if (shard.tailPoints > MAX_INDEX_LAG) {
        const message = `shard ${shard.shardId}: ${shard.tailPoints} points wait for the index`;
        found.push({ rule: 'index_lag', subject: `shard ${shard.shardId}`, level: 'warning', message });
      }
    }
    return found;
  });
}

/** Alerts: opened when a rule finds something, closed when it no longer does or when somebody resolves them. */
export class AlertService {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: GatewayDb,
    private readonly backends: Backends,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.#timer = setInterval(
      () => void this.check().catch((err) => this.logger.warn({ err }, 'alert check failed')),
      EVERY_MS,
    );
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async check(): Promise<void> {
    const { workers } = await this.backends.placement.listWorkers({}, callContext({ timeoutMs: 5_000 }));
    const now = findings(workers.filter(({ state }) => state !== placement.WorkerState.WORKER_STATE_REMOVED));
    const open = await this.db.selectFrom('alert').selectAll().where('resolved_at_ms', 'is', null).execute();
    const same = (a: { rule: string; subject: string }, b: { rule: string; subject: string }) =>
      a.rule === b.rule && a.subject === b.subject;
    for (const finding of now.filter((one) => !open.some((alert) => same(alert, one)))) {
      const row = { ...finding, id: randomUUID(), opened_at_ms: Date.now(), resolved_at_ms: null, resolved_by: null };
      await this.db.insertInto('alert').values(row).execute();
    }
    for (const alert of open.filter((one) => !now.some((finding) => same(finding, one))))
      await this.#close(alert.id, 'recovered');
  }

  async list(status: string, level: string): Promise<Alert[]> {
    if (!['', 'open', 'resolved'].includes(status))
      throw VectronError.invalid('status', 'status must be open or resolved');
    if (!['', 'warning', 'critical'].includes(level))
      throw VectronError.invalid('level', 'level must be warning or critical');
    let query = this.db.selectFrom('alert').selectAll().orderBy('opened_at_ms', 'desc').limit(1000);
    if (status !== '') query = query.where('resolved_at_ms', status === 'open' ? 'is' : 'is not', null);
    if (level !== '') query = query.where('level', '=', level);
    return (await query.execute()).map((row) => ({
      id: row.id,
      rule: row.rule,
      subject: row.subject,
      level: row.level as Alert['level'],
      message: row.message,
      status: row.resolved_at_ms === null ? 'open' : 'resolved',
      openedAtMs: row.opened_at_ms,
      resolvedAtMs: row.resolved_at_ms,
      resolvedBy: row.resolved_by,
    }));
  }

  async resolve(id: string, by: string): Promise<void> {
    const known = await this.db.selectFrom('alert').select('id').where('id', '=', id).executeTakeFirst();
    if (known === undefined) throw new VectronError('NOT_FOUND', `no alert ${id}`);
    await this.#close(id, by);
  }

  async #close(id: string, by: string): Promise<void> {
    const change = { resolved_at_ms: Date.now(), resolved_by: by };
    await this.db.updateTable('alert').set(change).where('id', '=', id).where('resolved_at_ms', 'is', null).execute();
  }
}
