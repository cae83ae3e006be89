// Where scenarios are played: a single server and a cluster of processes on this machine, with what a runner is told of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCluster } from '@vectron/cli';
import { startServer } from '../../../scripts/running-server.mjs';
import { balance } from './load-balancer.mjs';

/** `environment`: what a runner gets besides its own; `stop` ends it and removes its data. */
export const HOMES = {
  async server() {
    const { url, grpc, apiKey, stop } = await startServer('sdks');
    return { environment: environmentOf('server', url, grpc, apiKey), stop };
  },
  async cluster({ etcd, onProgress }) {
    const dir = mkdtempSync(join(tmpdir(), 'vectron-sdks-'));
    const sizes = { workers: 3, placementDrivers: 2, gateways: 2, etcdMembers: 1 };
    const cluster = await LocalCluster.start({ dir, etcdBinary: etcd, ...sizes, onProgress });
    const { http, grpc, apiKey } = cluster.info;
    const hosts = http.map((url) => new URL(url).host);
    const balancers = await Promise.all([balance(() => hosts), balance(() => grpc)]);
    const [rest, rpc] = balancers.map(({ address }) => address);
    const restarts = await restarting(cluster);
    const stop = async () => {
      for (const one of [...balancers, restarts]) one.close();
      await cluster.stop();
      rmSync(dir, { recursive: true, force: true });
    };
    const environment = {
      ...environmentOf('cluster', `http://${rest}`, rpc, apiKey),
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

const environmentOf = (home, rest, grpc, apiKey) => ({
  VECTRON_SCENARIO_HOME: home,
  VECTRON_REST: rest,
  VECTRON_GRPC: `grpc://${grpc}`,
  VECTRON_API_KEY: apiKey,
});

/** An address of which POST restarts the gateways one after the other, and answers when all are up. */
async function restarting(cluster) {
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end();
    try {
      for (const gateway of cluster.running('gateway')) await cluster.restart(gateway);
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
