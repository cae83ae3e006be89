import type { admin } from '@vectron/proto';
import type { Account, AccountRemoval, Inheritance, Role } from './types.js';

/** What operators see; proto/admin/admin.proto says what each field is. */
export type Health = admin.GetHealthResponse;
/** Totals over all tenants. */
export type Stats = admin.GetStatsResponse;
/** A worker, its state and what it holds. */
export type Worker = admin.Worker;
/** A shard: whose it is, its key range, and where its replicas are. */
export type Shard = admin.Shard;
/** A move or a split. */
export type Operation = admin.Operation;
/** Moves and splits, with how many there are of each state. */
export type Operations = admin.ListOperationsResponse;
/** What the planner has begun, or would begin. */
export type Rebalancing = admin.RebalanceResponse;
/** Something that the system warns of, open or resolved. */
export type Alert = admin.Alert;
/** When the system warns of something. */
export type AlertRule = admin.AlertRule;
/** One change that somebody asked for, as the audit log of a gateway has it. */
export type AuditEntry = admin.AuditEntry;
/** With the tenant whose it is. */
export type TenantCollection = Omit<admin.TenantCollection, 'points' | 'createdAt'> & {
  readonly points: number;
  readonly createdAt: Date;
};
/** The state of the control plane and how many workers are in each state. */
export type ClusterStatus = Omit<admin.GetClusterStatusResponse, 'workersByState'> & {
  readonly workersByState: Readonly<Record<string, number>>;
};

/**
 * Management, for administrators but for `health`. An embedded database has no workers, tenants, users, alerts and audit
 * log: it answers `health` and `stats`, and refuses the others with UNIMPLEMENTED. Workers are named by number or id.
 */
export interface Admin {
  /** Asks every service and worker how it is. */
  health(): Promise<Health>;
  /** Totals over all tenants. */
  stats(): Promise<Stats>;
  /** The workers that the placement driver knows. */
  workers(): Promise<Worker[]>;
  /** Of all tenants. */
  collections(): Promise<TenantCollection[]>;
  /** The state of the control plane. */
  cluster(): Promise<ClusterStatus>;
  /** The shards of all collections of all tenants. */
  shards(): Promise<Shard[]>;
  /** Under way, and ended, the newest first; `limit` of those, at most 500, default 100. */
  operations(options?: { limit?: number }): Promise<Operations>;
  /** Has a worker's replicas moved to others; with `cancel`, takes that back. */
  drainWorker(worker: string, options?: { cancel?: boolean }): Promise<void>;
  /** Forgets a worker that holds no shard any more. */
  removeWorker(worker: string): Promise<void>;
  /** Begins to move a replica of a shard from one worker to another, which must not have one. */
  moveReplica(shardId: number, workers: { from: string; to: string }): Promise<Operation>;
  /** In the middle of its key range. */
  splitShard(shardId: number): Promise<Operation>;
  /** Begins what the planner would do now; with `dryRun`, only says it. */
  rebalance(options?: { dryRun?: boolean }): Promise<Rebalancing>;
  /** The newest first, at most 1,000. */
  alerts(options?: { status?: 'open' | 'resolved'; level?: 'warning' | 'critical' }): Promise<Alert[]>;
  /** Marks an open alert as resolved. */
  resolveAlert(id: string): Promise<void>;
  /** The rules by which the system warns. */
  alertRules(): Promise<AlertRule[]>;
  /** What is not given stays. */
  setAlertRule(
    rule: string,
    change: { enabled?: boolean; level?: 'warning' | 'critical'; threshold?: number },
  ): Promise<AlertRule>;
  /** Of the gateway that answers, the newest first; `limit`: at most 1,000, default 100. */
  auditEntries(options?: { limit?: number }): Promise<AuditEntry[]>;
  /** Whether that log is whole: `wrong` says what is wrong with the first wrong entry and is empty when nothing is. */
  verifyAudit(): Promise<{ gatewayId: string; entries: number; wrong: string; otherGateways: string[] }>;
  /** Accounts by id, of all tenants or one; fetched page by page as they are read. `pageSize`: at most 1,000, default 100. */
  listUsers(options?: { tenantId?: string; pageSize?: number }): AsyncIterable<Account>;
  /** Gives an account another role. */
  setUserRole(userId: string, role: Role): Promise<Account>;
  /** A disabled account has no logins, and its API keys are refused. */
  setUserDisabled(userId: string, disabled: boolean): Promise<Account>;
  /** Gives a password that is good for one login, at which it must be changed. The logins of the account end. */
  resetPassword(userId: string): Promise<string>;
  /** Deletes an account with its API keys. */
  removeUser(userId: string, inheritance?: Inheritance): Promise<AccountRemoval>;
  /** Signs tokens with a new key; those of the old one are good until they expire. Gives the new key's id. */
  rotateSigningKey(): Promise<string>;
}
