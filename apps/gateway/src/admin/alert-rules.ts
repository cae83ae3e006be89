import type { RecallShare } from './recall-watch.js';

/** What an alert rule looks at, and when it speaks unless the operator has set it otherwise. */
export interface AlertRule {
  readonly rule: RuleName;
  readonly enabled: boolean;
  readonly level: 'warning' | 'critical';
  /** In the unit of `RULES`. */
  readonly threshold: number;
}

export const RULES = {
  /** A worker sends no heartbeat; no threshold. */
  worker_down: { level: 'critical', threshold: 0 },
  /** Healthy replicas that a shard lacks. */
  under_replicated: { level: 'critical', threshold: 1 },
  /** Log entries that a replica is behind. */
  replication_lag: { level: 'warning', threshold: 10_000 },
  /** Points of a shard that wait for the index. */
  index_lag: { level: 'warning', threshold: 50_000 },
  /** Share of a disk that is used. */
  disk: { level: 'warning', threshold: 0.9 },
  /** Share of the last minute's requests that failed for reasons that are not the callers'. */
  error_rate: { level: 'critical', threshold: 0.05 },
  /** Of a collection's searches of the last five minutes that asked for a recall: share that a shard could not promise it to. */
  recall_unmet: { level: 'warning', threshold: 0.1 },
} as const satisfies Record<string, { level: 'warning' | 'critical'; threshold: number }>;

export type RuleName = keyof typeof RULES;

/** True for a moment whenever a shard is made, moved or written to: an alert only when it is so twice in a row. */
export const PASSING: ReadonlySet<RuleName> = new Set([
  ...(['under_replicated', 'replication_lag', 'index_lag'] as const),
  // Until what was written is indexed and measured.
  'recall_unmet',
]);

export const isRule = (name: string): name is RuleName => Object.hasOwn(RULES, name);

export const defaultRules = (): AlertRule[] =>
  Object.entries(RULES).map(([rule, { level, threshold }]) => ({
    rule: rule as RuleName,
    enabled: true,
    level,
    threshold,
  }));

/** What is known of the system at one moment. */
export interface Facts {
  readonly workers: readonly {
    readonly workerId: string;
    readonly healthy: boolean;
    readonly diskTotalBytes: number;
    readonly last?: {
      readonly diskUsedBytes: number;
      readonly shards: readonly { readonly shardId: number; readonly tailPoints: number }[];
    };
  }[];
  readonly shards: readonly {
    readonly shardId: number;
    readonly voters: number;
    readonly healthyReplicas: number;
    readonly replicas: readonly { readonly worker: number; readonly appliedIndex: number }[];
  }[];
  /** Of this gateway in the last minute. */
  readonly requests: { readonly all: number; readonly failed: number };
  /** Shares of unmet recalls among those asked in the last five minutes. */
  readonly recalls: readonly RecallShare[];
}

export interface Finding {
  readonly rule: RuleName;
  readonly subject: string;
  readonly level: 'warning' | 'critical';
  readonly message: string;
}

/** Fewer say nothing about a share. */
const LEAST_REQUESTS = 20;
const shareOf = (some: number, all: number) => (all >= LEAST_REQUESTS ? some / all : 0);

/** What the rules find wrong. Pure. */
export function findings(facts: Facts, rules: readonly AlertRule[] = defaultRules()): Finding[] {
  const found: Finding[] = [];
  const of = new Map(rules.filter(({ enabled }) => enabled).map((rule) => [rule.rule, rule]));
  const find = (name: RuleName, exceeds: (threshold: number) => boolean, subject: string, message: string) => {
    const rule = of.get(name);
    if (rule !== undefined && exceeds(rule.threshold)) {
      found.push({ rule: name, subject, level: rule.level, message: `${subject}: ${message}` });
    }
  };
  for (const { workerId, healthy, diskTotalBytes, last } of facts.workers) {
    const subject = `worker ${workerId}`;
    find('worker_down', () => !healthy, subject, 'it sends no heartbeat');
    const share = (last?.diskUsedBytes ?? 0) / diskTotalBytes;
    find('disk', (most) => share > most, subject, `its disk is ${Math.round(share * 100)} % full`);
    for (const { shardId, tailPoints } of last?.shards ?? []) {
      find('index_lag', (most) => tailPoints > most, `shard ${shardId}`, `${tailPoints} points wait for the index`);
    }
  }
  for (const { shardId, voters, healthyReplicas, replicas } of facts.shards) {
    const lacking = voters - healthyReplicas;
    const subject = `shard ${shardId}`;
    const healthy = `${healthyReplicas} of ${voters} replicas are healthy`;
    find('under_replicated', (most) => lacking >= Math.max(1, most), subject, healthy);
    const newest = Math.max(0, ...replicas.map(({ appliedIndex }) => appliedIndex));
    for (const { worker, appliedIndex } of replicas) {
      const behind = newest - appliedIndex;
      const where = `shard ${shardId} on worker ${worker}`;
      find('replication_lag', (most) => behind > most, where, `it is ${behind} log entries behind`);
    }
  }
  const { all, failed } = facts.requests;
  const share = shareOf(failed, all);
  find('error_rate', (most) => share > most, 'gateway', `${Math.round(share * 100)} % of the requests fail`);
  for (const { tenantId, collection, using, asked, unmet } of facts.recalls) {
    const subject = `collection ${collection} of tenant ${tenantId}${using === '' ? '' : `, vector ${using}`}`;
    const message = `${unmet} of ${asked} searches asked for a recall that is not reached; measure the collection`;
    find('recall_unmet', (most) => shareOf(unmet, asked) > most, subject, message);
  }
  return found;
}
