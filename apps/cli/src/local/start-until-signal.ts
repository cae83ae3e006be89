import { stopOnSignal } from '../stop-on-signal.js';
import { etcdProgram } from './etcd-program.js';
import { LocalCluster, type LocalClusterOptions } from './local-cluster.js';

export const ETCD_HELP =
  'path of the etcd program, version 3.4.42, 3.5.28, 3.6.9 or later; default: the one on the PATH, or one that Go builds once';

/**
 * Starts a local cluster that ends with this process: a signal, while it starts or later, stops all of its processes and then this one.
 * `etcd`: the program, where one was named. `stopped` is called after a signal, when nothing of the cluster runs any more. undefined: a
 * signal came while it started.
 */
export async function startUntilSignal(
  etcd: string | undefined,
  options: Omit<LocalClusterOptions, 'etcdBinary' | 'signal'>,
  stopped: () => void = () => {},
): Promise<LocalCluster | undefined> {
  const cut = new AbortController();
  const { signal } = cut;
  const start = async () => {
    const etcdBinary = await etcdProgram(etcd, { say: (line) => console.error(line), signal });
    return LocalCluster.start({ ...options, etcdBinary, signal });
  };
  const starting = start();
  stopOnSignal(async () => {
    cut.abort();
    const cluster = await starting.catch(() => undefined);
    await cluster?.stop();
    stopped();
  });
  try {
    return await starting;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
