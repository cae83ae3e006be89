import { VectronError } from '@vectron/errors';
import { admin as messages } from '@vectron/proto';
import type { Admin, Stats } from './admin.js';

type OwnStats = Pick<Stats, 'collections' | 'shards' | 'points' | 'indexLag' | 'shardMemoryBytes' | 'shardDiskBytes'>;

/** Management of an embedded database: what a process without services, workers and users has to say. */
export function embeddedAdmin(stats: () => Promise<OwnStats>): Admin {
  const refuse = (what: string) => async (): Promise<never> => {
    throw new VectronError('UNIMPLEMENTED', `an embedded database has no ${what}; connect to a server instead`);
  };
  const [workers, alerts, users] = [refuse('workers that hold replicas'), refuse('alerts'), refuse('users')];
  return {
    health: async () => ({ status: 'ok', services: [], workers: [] }),
    stats: async () => messages.GetStatsResponse.fromPartial(await stats()),
    collections: refuse('tenants'),
    workers,
    cluster: workers,
    shards: workers,
    operations: workers,
    drainWorker: workers,
    removeWorker: workers,
    moveReplica: workers,
    splitShard: workers,
    rebalance: workers,
    alerts,
    resolveAlert: alerts,
    alertRules: alerts,
    setAlertRule: alerts,
    slowQueries: refuse('list of slow queries'),
    auditEntries: refuse('audit log'),
    verifyAudit: refuse('audit log'),
    listUsers: () => refusedListing(users),
    setUserRole: users,
    setUserDisabled: users,
    resetPassword: users,
    removeUser: users,
    rotateSigningKey: refuse('tokens'),
  };
}

/** Refuses when it is read, as a listing of a server does. */
export async function* refusedListing(refuse: () => Promise<never>): AsyncGenerator<never> {
  yield await refuse();
}
