import type { admin } from '@vectron/proto';
import type { Account, AccountRemoval, Inheritance, Role } from './types.js';

/** The state of the services and workers; proto/admin/admin.proto describes each field. */
export type Health = admin.GetHealthResponse;
/** Totals of collections, points, bytes and requests over all tenants. */
export type Stats = admin.GetStatsResponse;
/** A worker, its state and its replicas. */
export type Worker = admin.Worker;
/** A shard: its collection, its key range and its replicas. */
export type Shard = admin.Shard;
/** A move of a replica or a split of a shard. */
export type Operation = admin.Operation;
/** Moves and splits, with the number in each state. */
export type Operations = admin.ListOperationsResponse;
/** The moves and splits that the planner started or proposes. */
export type Rebalancing = admin.RebalanceResponse;
/** An alert, open or resolved. */
export type Alert = admin.Alert;
/** A rule that defines when an alert is opened. */
export type AlertRule = admin.AlertRule;
/** An entry of the audit log of a gateway: one request, its caller and its result. */
export type AuditEntry = admin.AuditEntry;
/** The slowest requests that a gateway process kept, and how many were slow since it started. */
export type SlowQueries = admin.ListSlowQueriesResponse;
/** A slow request: its times, what was asked for, and how it was executed. */
export type SlowQuery = admin.SlowQuery;
/** A collection with the tenant that owns it. */
export type TenantCollection = Omit<admin.TenantCollection, 'points' | 'createdAt'> & {
  readonly points: number;
  readonly createdAt: Date;
};
/** The state of the control plane and how many workers are in each state. */
export type ClusterStatus = Omit<admin.GetClusterStatusResponse, 'workersByState'> & {
  readonly workersByState: Readonly<Record<string, number>>;
};

/**
 * Management, for administrators but for `health`. An embedded database has no workers, tenants, users, alerts, audit log
 * and list of slow queries: it answers `health` and `stats`, and refuses the others with UNIMPLEMENTED. Workers are named by number or id.
 */
export interface Admin {
  /** Returns the health of every service and worker, checked now. */
  health(): Promise<Health>;
  /** Totals of collections, points, bytes and requests over all tenants. */
  stats(): Promise<Stats>;
  /** Lists the workers that are registered at the placement driver. */
  workers(): Promise<Worker[]>;
  /** Lists the collections of all tenants. */
  collections(): Promise<TenantCollection[]>;
  /** Returns the state of the control plane. */
  cluster(): Promise<ClusterStatus>;
  /** Lists the shards of all collections of all tenants. */
  shards(): Promise<Shard[]>;
  /**
   * Lists moves and splits in progress, and completed ones, newest first; `limit` of the latter, at most 500, default
   * 100.
   */
  operations(options?: { limit?: number }): Promise<Operations>;
  /** Moves the replicas of a worker to other workers; with `cancel`, cancels this. */
  drainWorker(worker: string, options?: { cancel?: boolean }): Promise<void>;
  /** Removes a worker that holds no shards. */
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
  /** Changes an alert rule; omitted settings remain unchanged. */
  setAlertRule(
    rule: string,
    change: { enabled?: boolean; level?: 'warning' | 'critical'; threshold?: number },
  ): Promise<AlertRule>;
  /**
   * Lists the slowest requests of the gateway process that answers, slowest first: those that took longer than its
   * `--slow-query-ms`. `limit`: at most 500, default 100. It has no vectors, payloads, filters, texts or ids of points.
   */
  slowQueries(options?: { limit?: number }): Promise<SlowQueries>;
  /** Of the gateway that answers, the newest first; `limit`: at most 1,000, default 100. */
  auditEntries(options?: { limit?: number }): Promise<AuditEntry[]>;
  /** Whether that log is whole: `wrong` says what is wrong with the first wrong entry and is empty when nothing is. */
  verifyAudit(): Promise<{ gatewayId: string; entries: number; wrong: string; otherGateways: string[] }>;
  /**
   * Accounts by id, of all tenants or one; fetched page by page as they are read. `pageSize`: at most 1,000, default
   * 100.
   */
  listUsers(options?: { tenantId?: string; pageSize?: number }): AsyncIterable<Account>;
  /** Changes the role of an account. */
  setUserRole(userId: string, role: Role): Promise<Account>;
  /** A disabled account has no logins, and its API keys are refused. */
  setUserDisabled(userId: string, disabled: boolean): Promise<Account>;
  /** Sets a one-time password, which must be changed at the next login, and ends the logins of the account. */
  resetPassword(userId: string): Promise<string>;
  /** Deletes an account with its API keys. */
  removeUser(userId: string, inheritance?: Inheritance): Promise<AccountRemoval>;
  /** Signs tokens with a new key; those of the old one are good until they expire. Gives the new key's id. */
  rotateSigningKey(): Promise<string>;
}
