import { randomUUID } from 'node:crypto';
import { VectronError } from '@vectron/errors';
import type { Logger } from '@vectron/observability';
import type { GatewayDb } from '../gateway-db.js';
import { type AlertRule, defaultRules, type Facts, findings, isRule, PASSING, RULES } from './alert-rules.js';

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

const EVERY_MS = 10_000;
const RECOVERED = 'recovered';
/** Alerts whose cause is over that are kept; the oldest go first. */
const KEPT = 10_000;
/** Alerts that are opened at one check. More of them say no more, and each is a row. */
const MOST_AT_ONCE = 1_000;

/**
 * Alerts: opened when a rule finds something, closed when it no longer does or when somebody resolves them. One that
 * somebody resolved is not opened again before what it told of was over.
 */
export class AlertService {
  #timer: NodeJS.Timeout | undefined;
  /** What the check before found. */
  #seen = new Set<string>();

  constructor(
    private readonly db: GatewayDb,
    private readonly facts: () => Promise<Facts>,
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
    const found = findings(await this.facts(), await this.rules());
    const nameOf = ({ rule, subject }: { rule: string; subject: string }) => `${rule}/${subject}`;
    const before = this.#seen;
    this.#seen = new Set(found.map(nameOf));
    const now = found.filter((one) => !PASSING.has(one.rule) || before.has(nameOf(one)));
    const known = await this.db.selectFrom('alert').selectAll().where('cleared_at_ms', 'is', null).execute();
    const open = new Set(known.map(nameOf));
    const still = new Set(now.map(nameOf));
    for (const finding of now.filter((one) => !open.has(nameOf(one))).slice(0, MOST_AT_ONCE)) {
      const times = { opened_at_ms: Date.now(), resolved_at_ms: null, resolved_by: null, cleared_at_ms: null };
      await this.db
        .insertInto('alert')
        .values({ ...finding, id: randomUUID(), ...times })
        .execute();
    }
    for (const alert of known.filter((one) => !still.has(nameOf(one)))) {
      await this.#close(alert.id, RECOVERED);
      await this.db.updateTable('alert').set({ cleared_at_ms: Date.now() }).where('id', '=', alert.id).execute();
    }
    const old = this.db
      .selectFrom('alert')
      .select('id')
      .where('cleared_at_ms', 'is not', null)
      .orderBy('cleared_at_ms', 'desc')
      .limit(-1)
      .offset(KEPT);
    await this.db.deleteFrom('alert').where('id', 'in', old).execute();
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
    if (known === undefined) throw new VectronError('NOT_FOUND', `there is no alert ${id}`);
    await this.#close(id, by);
  }

  /** Every rule, as it is set. */
  async rules(): Promise<AlertRule[]> {
    const set = new Map((await this.db.selectFrom('alert_rule').selectAll().execute()).map((row) => [row.rule, row]));
    return defaultRules().map((rule) => {
      const row = set.get(rule.rule);
      if (row === undefined) return rule;
      return { ...rule, enabled: row.enabled !== 0, level: row.level as Alert['level'], threshold: row.threshold };
    });
  }

  async setRule(name: string, change: Partial<Omit<AlertRule, 'rule'>>): Promise<AlertRule> {
    if (!isRule(name)) {
      throw new VectronError(
        'NOT_FOUND',
        `there is no alert rule ${name}; the rules are ${Object.keys(RULES).join(', ')}`,
      );
    }
    const before = (await this.rules()).find(({ rule }) => rule === name) as AlertRule;
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    const rule = { ...before, ...given };
    if (!(rule.threshold >= 0)) throw VectronError.invalid('threshold', 'threshold must be at least 0');
    const row = { enabled: rule.enabled ? 1 : 0, level: rule.level, threshold: rule.threshold };
    await this.db
      .insertInto('alert_rule')
      .values({ rule: name, ...row })
      .onConflict((conflict) => conflict.column('rule').doUpdateSet(row))
      .execute();
    return rule;
  }

  async #close(id: string, by: string): Promise<void> {
    const change = { resolved_at_ms: Date.now(), resolved_by: by };
    await this.db.updateTable('alert').set(change).where('id', '=', id).where('resolved_at_ms', 'is', null).execute();
  }
}
