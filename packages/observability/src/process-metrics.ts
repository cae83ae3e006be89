import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

export interface ProcessOptions {
  /** Which service it is: `serve` (all of them), `gateway`, `pd`, `worker`, `auth` or `reranker`. */
  readonly service: string;
  /** Of Vectron; default: unknown. */
  readonly version?: string;
  /** false: of a thread, which tells nothing of the whole process. */
  readonly ofProcess?: boolean;
  /** Names the thread; default: `main`. */
  readonly thread?: string;
}

/** A registry, and what brings it up to date before it is read. */
export interface ProcessMetrics {
  readonly registry: Registry;
  /** Called before the registry is read. They wait for nothing. */
  readonly collectors: (() => void)[];
}

/** What every process of Vectron tells of itself: its build, its event loop, what it reads and writes, and `process_*`, `nodejs_*`. */
export function createProcessMetrics({
  service,
  version = 'unknown',
  ofProcess = true,
  thread = 'main',
}: ProcessOptions): ProcessMetrics {
  const registry = new Registry();
  const registers = [registry];
  const collectors: (() => void)[] = [];
  const busy = new Counter({
    name: 'vectron_event_loop_busy_seconds_total',
    help: 'Time during which the event loop of a thread was busy, in seconds; its rate is the busy share.',
    labelNames: ['thread'],
    registers,
  });
  collectors.push(() => {
    busy.reset();
    busy.inc({ thread }, performance.eventLoopUtilization().active / 1_000);
  });
  if (!ofProcess) return { registry, collectors };
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'vectron_build_info',
    help: '1, with the version of Vectron, the service of this process, and the version of Node.',
    labelNames: ['version', 'service', 'node'],
    registers,
  }).set({ version, service, node: process.versions.node }, 1);
  const moved = new Counter({
    name: 'vectron_process_io_bytes_total',
    help: 'Bytes that this process has read from and written to disks (Linux; elsewhere there is none).',
    labelNames: ['direction'],
    registers,
  });
  collectors.push(() => {
    const io = ioBytes();
    if (io === undefined) return;
    moved.reset();
    for (const [direction, bytes] of Object.entries(io)) moved.inc({ direction }, bytes);
  });
  return { registry, collectors };
}

/** The exposition text of Prometheus, as of now. */
export function exposition({ registry, collectors }: ProcessMetrics): Promise<string> {
  for (const collect of collectors) collect();
  return registry.metrics();
}

/** proc(5): bytes that were fetched from, and sent to, the layer of storage. */
function ioBytes(): { read: number; written: number } | undefined {
  try {
    const text = readFileSync('/proc/self/io', 'utf8');
    const of = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
    const [read, written] = [of('read_bytes'), of('write_bytes')];
    return Number.isNaN(read + written) ? undefined : { read, written };
  } catch {
    return undefined;
  }
}
