import { auth, admin as messages } from '@vectron/proto';
import type { Admin } from './admin.js';
import { account } from './answers.js';
import type { Transport } from './transport.js';

const system = messages.AdminServiceService;

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
    async auditEntries({ limit = 0 } = {}) {
      return (await call(system.listAuditEntries, { limit })).entries;
    },
    verifyAudit: () => call(system.verifyAudit, {}),
    async setUserRole(userId, role) {
      return account((await call(auth.AuthServiceService.setUserRole, { userId, role })).user);
    },
    async rotateSigningKey() {
      return (await call(system.rotateSigningKey, {})).kid;
    },
  };
}
