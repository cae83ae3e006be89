// Where scenarios are played: a single server and a cluster of processes on this machine, with what a runner is told of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCluster } from '@vectron/cli';
import { startServer } from '../../../scripts/running-server.mjs';
import { balance } from './load-balancer.mjs';
import { SMALL_LIMITS, SMALL_QUOTAS, smallLimits } from './small-limits.mjs';

/** Gateways of the cluster that scenarios are played against, and the name of one more, which has small limits. */
const GATEWAYS = 2;
const LIMITED = `gateway-${GATEWAYS + 1}`;

/** `environment`: what a runner gets besides its own; `stop` ends it and removes its data. */
export const HOMES = {
  async server() {
    const started = await Promise.all([
      startServer('sdks', ['--no-sample', ...SMALL_QUOTAS]),
      startServer('sdks-limited', ['--no-sample', ...SMALL_LIMITS]),
    ]);
    const [main, limited] = started.map(({ url, grpc, apiKey }) => addressesOf(url, grpc, apiKey));
    const small = await smallLimits(main, limited);
    const stop = async () => {
      small.close();
      await Promise.all(started.map((one) => one.stop()));
    };
    return { environment: environmentOf('server', main, small.keys), stop };
  },
  async cluster({ etcd, onProgress }) {
    const dir = mkdtempSync(join(tmpdir(), 'vectron-sdks-'));
    const sizes = { workers: 3, placementDrivers: 2, gateways: GATEWAYS + 1, etcdMembers: 1 };
    const flags = { auth: ['--registration', 'open'], gateway: SMALL_QUOTAS, [LIMITED]: SMALL_LIMITS };
    const cluster = await LocalCluster.start({ dir, etcdBinary: etcd, ...sizes, flags, onProgress });
    const { apiKey } = cluster.info;
    const http = cluster.info.http.slice(0, GATEWAYS);
    const grpc = cluster.info.grpc.slice(0, GATEWAYS);
    const limited = addressesOf(cluster.info.http[GATEWAYS], cluster.info.grpc[GATEWAYS], apiKey);
    // What is made at first is made by a gateway without the limit.
    const small = await smallLimits(addressesOf(http[0], grpc[0], apiKey), { ...limited, admin: http[0] });
    const hosts = http.map((url) => new URL(url).host);
    const balancers = await Promise.all([balance(() => hosts), balance(() => grpc)]);
    const [rest, rpc] = balancers.map(({ address }) => address);
    const restarts = await restarting(cluster);
    const stop = async () => {
      small.close();
      for (const one of [...balancers, restarts]) one.close();
      await cluster.stop();
      rmSync(dir, { recursive: true, force: true });
    };
    const environment = {
      ...environmentOf('cluster', addressesOf(`http://${rest}`, rpc, apiKey), small.keys),
      VECTRON_RESTART: restarts.url,
      VECTRON_REST_GATEWAYS: http.join(),
      VECTRON_GRPC_GATEWAYS: grpc.map((address) => `grpc://${address}`).join(),
    };
    return { environment, stop };
  },
  async embedded() {
    return { environment: { VECTRON_SCENARIO_HOME: 'embedded' }, stop: async () => {} };
  },
};

/** `admin`: where what takes an administrator is done. */
const addressesOf = (rest, grpc, key) => ({ rest, grpc: `grpc://${grpc}`, key, admin: rest });

const environmentOf = (home, { rest, grpc, key }, keys) => ({
  VECTRON_SCENARIO_HOME: home,
  VECTRON_REST: rest,
  VECTRON_GRPC: grpc,
  VECTRON_API_KEY: key,
  VECTRON_SCENARIO_KEYS: JSON.stringify(keys),
});

/** An address of which POST restarts the gateways one after the other, and answers when all are up. */
async function restarting(cluster) {
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end();
    try {
      for (const name of cluster.running('gateway')) if (name !== LIMITED) await cluster.restart(name);
      response.writeHead(204).end();
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}
