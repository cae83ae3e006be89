import type { admin } from '@vectron/proto';
import { type PortPeer, remoteObject } from '@vectron/rpc';
import type { WriteMarks } from '../data/write-marks.js';
import type { Refusal } from '../edge/audit-flood.js';
import type { SharedParts } from './parts.js';

const SYSTEM = ['health', 'stats', 'workers', 'collections', 'scrape', 'slowQueries'] as const;
const ALERTS = ['list', 'resolve', 'rules', 'setRule'] as const;
const AUDIT = ['record', 'newest', 'verify'] as const;

/** What a thread is told of the parts when it starts. */
export interface RemoteFacts {
  readonly auditId: string;
  /** Whether anybody's rate is limited. */
  readonly limited: boolean;
}

/** Lets a gateway of another thread use the parts. What is returned gives back what it had not given back itself. */
export function serveParts(peer: PortPeer, parts: SharedParts): () => void {
  const { audit, limiter, strangers, open, slow } = parts;
  peer.serveObject('system', parts.system, SYSTEM);
  peer.serveObject('alerts', parts.alerts, ALERTS);
  peer.serveObject('feedback', parts.feedback, ['submit']);
  peer.serveObject('audit', audit, AUDIT);
  peer.serve('audit', {
    refused: ([refusal, requestId, target]) =>
      audit.refused(refusal as Refusal, requestId as string, () => target as string),
  });
  peer.serve('slow', {
    add: ([query, requests]) => slow.add(query as admin.SlowQuery | undefined, requests as number),
  });
  if (limiter !== undefined) peer.serveObject('limiter', limiter, ['consume']);
  peer.serveObject('strangers', strangers, ['check', 'failed']);
  const kept = new Map<number, () => void>();
  let last = 0;
  peer.serve('open', {
    async keep([tenantId, keyId]) {
      const release = await open.keepOpen(tenantId as string, keyId as string);
      last += 1;
      kept.set(last, release);
      return last;
    },
    release([id]) {
      kept.get(id as number)?.();
      kept.delete(id as number);
    },
  });
  return () => {
    for (const release of kept.values()) release();
    kept.clear();
  };
}

/** The parts of another thread that {@link serveParts} serves there. */
export function remoteParts(peer: PortPeer, writes: WriteMarks, { auditId, limited }: RemoteFacts): SharedParts {
  return {
    writes,
    system: remoteObject<SharedParts['system'], (typeof SYSTEM)[number]>(peer, 'system', SYSTEM),
    alerts: remoteObject<SharedParts['alerts'], (typeof ALERTS)[number]>(peer, 'alerts', ALERTS),
    feedback: remoteObject<SharedParts['feedback'], 'submit'>(peer, 'feedback', ['submit']),
    limiter: limited
      ? remoteObject<NonNullable<SharedParts['limiter']>, 'consume'>(peer, 'limiter', ['consume'])
      : undefined,
    audit: {
      id: auditId,
      ...remoteObject<SharedParts['audit'], (typeof AUDIT)[number]>(peer, 'audit', AUDIT),
      async refused(refusal, requestId, target) {
        peer.tell('audit.refused', refusal, requestId, target());
      },
    },
    slow: { add: (query, requests) => peer.tell('slow.add', query, requests) },
    strangers: {
      check: async (address) => {
        if (address !== '') await peer.call('strangers.check', [address]);
      },
      failed: (address) => peer.tell('strangers.failed', address),
    },
    open: {
      async keepOpen(tenantId, keyId) {
        const id = (await peer.call('open.keep', [tenantId, keyId])) as number;
        let ended = false;
        return () => {
          if (ended) return;
          ended = true;
          peer.tell('open.release', id);
        };
      },
    },
  };
}
