import { account, inheritanceFields, removal } from './account-messages.js';
import type { Admin } from './admin.js';
import { system, users } from './methods.js';
import type { Transport } from './transport.js';

/** Management of a server. */
export function remoteAdmin({ call }: Transport): Admin {
  return {
    health: () => call(system.getHealth, {}),
    stats: () => call(system.getStats, {}),
    async workers() {
      return (await call(system.listWorkers, {})).workers;
    },
    async collections() {
      const { collections } = await call(system.listAllCollections, {});
      return collections.map(({ points, createdAt, ...rest }) => ({
        ...rest,
        points: Number(points),
        createdAt: new Date(Number(createdAt) * 1000),
      }));
    },
    async cluster() {
      const { workersByState, ...status } = await call(system.getClusterStatus, {});
      return { ...status, workersByState: Object.fromEntries(workersByState) };
    },
    async shards() {
      return (await call(system.listShards, {})).shards;
    },
    operations: ({ limit = 0 } = {}) => call(system.listOperations, { limit }),
    async drainWorker(worker, { cancel = false } = {}) {
      await call(system.drainWorker, { worker, cancel });
    },
    async removeWorker(worker) {
      await call(system.removeWorker, { worker });
    },
    moveReplica: (shardId, { from, to }) => call(system.moveReplica, { shardId, from, to }),
    splitShard: (shardId) => call(system.splitShard, { shardId }),
    rebalance: ({ dryRun = false } = {}) => call(system.rebalance, { dryRun }),
    async alerts({ status = '', level = '' } = {}) {
      return (await call(system.listAlerts, { status, level })).alerts;
    },
    async resolveAlert(id) {
      await call(system.resolveAlert, { id });
    },
    async alertRules() {
      return (await call(system.listAlertRules, {})).rules;
    },
    setAlertRule: (rule, { enabled, level, threshold }) =>
      call(system.putAlertRule, { rule, enabled, level, threshold }),
    slowQueries: ({ limit = 0 } = {}) => call(system.listSlowQueries, { limit }),
    async auditEntries({ limit = 0 } = {}) {
      return (await call(system.listAuditEntries, { limit })).entries;
    },
    verifyAudit: () => call(system.verifyAudit, {}),
    async *listUsers({ tenantId = '', pageSize = 0 } = {}) {
      for (let pageToken = ''; ; ) {
        const page = await call(users.listUsers, { tenantId, pageSize, pageToken });
        yield* page.users.map(account);
        pageToken = page.nextPageToken;
        if (pageToken === '') return;
      }
    },
    async setUserRole(userId, role) {
      return account((await call(users.setUserRole, { userId, role })).user);
    },
    async setUserDisabled(userId, disabled) {
      return account((await call(users.setUserDisabled, { userId, disabled })).user);
    },
    async resetPassword(userId) {
      return (await call(users.resetPassword, { userId })).password;
    },
    async removeUser(userId, inheritance) {
      return removal(await call(users.removeUser, { userId, ...inheritanceFields(inheritance) }));
    },
    async rotateSigningKey() {
      return (await call(system.rotateSigningKey, {})).kid;
    },
  };
}
