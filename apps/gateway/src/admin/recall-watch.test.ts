import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@vectron/observability';
import { worker } from '@vectron/proto';
import { openGatewayDb } from '../gateway-db.js';
import { AlertService } from './alert.service.js';
import { findings } from './alert-rules.js';
import { RecallCounts, RecallTotals, type ReplicaRecalls } from './recall-counts.js';
import { RecallWatch } from './recall-watch.js';

const replica = (shardId: number, number: number, ...recalls: Partial<worker.SpaceRecall>[]): ReplicaRecalls => ({
  ...{ tenantId: 't', collection: 'papers', shardId, worker: number },
  recalls: recalls.map((one) => worker.SpaceRecall.fromPartial(one)),
});
const space = (asked: number, unmet: number, using = '') => ({ using, asked, unmet });
const quiet = { workers: [], shards: [], requests: { all: 0, failed: 0 } };

describe('what replicas count of the recalls that were asked for', () => {
  const counted = (counts: RecallCounts, ...replicas: ReplicaRecalls[]) =>
    counts.look(replicas).map(({ shardId, using, asked, unmet }) => [shardId, using, asked, unmet]);

  it('is what came since the look before, of each space', () => {
    const counts = new RecallCounts();
    expect(counted(counts, replica(1, 1, space(50, 5), space(7, 7, 'title')))).toEqual([
      [1, '', 0, 0],
      [1, 'title', 0, 0],
    ]);
    expect(counted(counts, replica(1, 1, space(80, 6), space(7, 7, 'title')), replica(1, 2, space(9, 1)))).toEqual([
      [1, '', 30, 1],
      [1, 'title', 0, 0],
      [1, '', 0, 0],
    ]);
  });

  it('begins at nothing when the replica was opened again', () => {
    const counts = new RecallCounts();
    counted(counts, replica(1, 1, space(50, 5)));
    expect(counted(counts, replica(1, 1, space(8, 3)))).toEqual([[1, '', 8, 3]]);
  });
});

describe('the totals of the recalls that were asked for', () => {
  it('only grow, over all replicas, and go with their collection', () => {
    const totals = new RecallTotals();
    const look = (shown: boolean, ...replicas: ReplicaRecalls[]) => totals.look(replicas, () => shown);
    look(true, replica(1, 1, space(0, 0)), replica(2, 1, space(0, 0)));
    const papers = { tenantId: 't', collection: 'papers', using: '' };
    expect(look(true, replica(1, 1, space(5, 1)), replica(2, 1, space(7, 2))).shown).toEqual([
      { ...papers, asked: 12, unmet: 3 },
    ]);
    // Opened again, and while it is one of many.
    expect(look(false, replica(1, 1, space(1, 1)), replica(2, 1, space(7, 2)))).toEqual({
      shown: [],
      others: { asked: 1, unmet: 1 },
    });
    expect(look(true, replica(1, 1, space(3, 1)), replica(2, 1, space(7, 2)))).toEqual({
      shown: [{ ...papers, asked: 14, unmet: 3 }],
      others: { asked: 1, unmet: 1 },
    });
    expect(look(true).shown).toEqual([]);
    expect(look(true, replica(1, 1, space(9, 9))).shown).toEqual([{ ...papers, asked: 0, unmet: 0 }]);
  });
});

describe('the share of searches whose recall is not reached', () => {
  it('is that of the shard with the most, over all of its replicas, since five minutes ago', () => {
    const watch = new RecallWatch();
    const look = (atMs: number, ...replicas: ReplicaRecalls[]) =>
      watch.look(replicas, atMs).map(({ using, asked, unmet }) => [using, asked, unmet]);
    look(0, replica(1, 1, space(0, 0)), replica(1, 2, space(0, 0)), replica(2, 1, space(0, 0)));
    const now = [replica(1, 1, space(30, 10)), replica(1, 2, space(10, 5)), replica(2, 1, space(40, 1))];
    expect(look(10_000, ...now)).toEqual([['', 40, 15]]);
    expect(look(309_999, ...now)).toEqual([['', 40, 15]]);
    expect(look(310_000, ...now)).toEqual([]);
  });

  it('is an alert when it is so twice in a row, until it is over', async () => {
    const db = await openGatewayDb(mkdtempSync(join(tmpdir(), 'vectron-alerts-')));
    const watch = new RecallWatch();
    let [atMs, asked, unmet] = [0, 0, 0];
    const facts = async () => ({
      ...quiet,
      recalls: watch.look([replica(1, 1, space(asked, unmet, 'title'))], atMs),
    });
    const alerts = new AlertService(db, facts, createLogger('test', 'fatal'));
    const check = async (more: number, less: number) => {
      atMs += 10_000;
      asked += more;
      unmet += less;
      await alerts.check();
      return (await alerts.list('open', '')).map(({ subject, message, level }) => ({ subject, message, level }));
    };
    // Few searches say nothing about a share.
    expect([await check(0, 0), await check(19, 19), await check(0, 0)]).toEqual([[], [], []]);
    expect(await check(21, 0)).toEqual([]);
    const subject = 'collection papers of tenant t, vector title';
    const message = `${subject}: 19 of 40 searches asked for a recall that is not reached; measure the collection`;
    expect(await check(0, 0)).toEqual([{ subject, message, level: 'warning' }]);
    expect(await check(1000, 0)).toEqual([]);
    expect((await alerts.list('resolved', '')).map(({ resolvedBy }) => resolvedBy)).toEqual(['recovered']);
    await db.destroy();
  });

  it('is judged by the threshold that the operator has set', () => {
    const recalls = [{ tenantId: 't', collection: 'papers', using: '', asked: 100, unmet: 11 }];
    const rules = (threshold: number) =>
      [{ rule: 'recall_unmet', enabled: true, level: 'critical', threshold }] as const;
    expect(findings({ ...quiet, recalls }).map(({ rule, level }) => [rule, level])).toEqual([
      ['recall_unmet', 'warning'],
    ]);
    expect(findings({ ...quiet, recalls }, rules(0.2))).toEqual([]);
    expect(findings({ ...quiet, recalls }, rules(0)).map(({ level }) => level)).toEqual(['critical']);
  });
});
