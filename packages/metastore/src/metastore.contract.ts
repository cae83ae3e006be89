import { afterEach, describe, expect, it } from '@jest/globals';
import { Election, type Leadership } from './election.js';
import type { Change, MetaStore } from './metastore.js';

/** What every MetaStore promises; each implementation's test calls this. */
export function describeMetaStore(name: string, open: () => Promise<MetaStore>): void {
  describe(`MetaStore contract: ${name}`, () => {
    const opened: MetaStore[] = [];
    const store = async () => {
      const one = await open();
      opened.push(one);
      return one;
    };
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });

    it('lets exactly one of two racing compare-and-swap writers win', async () => {
      const meta = await store();
      const create = (value: string) => meta.txn([{ key: '/a', revision: 0 }], [{ put: '/a', value }]);
      const results = await Promise.all([create('1'), create('2')]);
      expect(results.filter((result) => result.succeeded)).toHaveLength(1);
      expect((await meta.get('/a'))?.value).toBe(results[0].succeeded ? '1' : '2');
    });

    it('changes nothing when a compare fails', async () => {
      const meta = await store();
      const first = await meta.txn([], [{ put: '/a', value: '1' }]);
      const failed = await meta.txn(
        [{ key: '/a', revision: 99 }],
        [
          { put: '/a', value: '2' },
          { put: '/b', value: '2' },
        ],
      );
      expect(failed).toEqual({ succeeded: false, revision: first.revision });
      expect((await meta.get('/a'))?.value).toBe('1');
    });

    it('ranges over a prefix in key order', async () => {
      const meta = await store();
      await meta.txn(
        [],
        [
          { put: '/x/b', value: 'b' },
          { put: '/x/a', value: 'a' },
          { put: '/y', value: 'y' },
        ],
      );
      const { entries, revision } = await meta.range('/x/');
      expect(entries.map((entry) => entry.key)).toEqual(['/x/a', '/x/b']);
      expect(revision).toBe(entries[0].revision);
    });

    it('ranges over a page of a prefix: behind a key, and no more than are asked for', async () => {
      const meta = await store();
      const keys = ['/p/a', '/p/a/1', '/p/b', '/p/c', '/q'];
      await meta.txn(
        [],
        keys.map((key) => ({ put: key, value: key })),
      );
      const page = async (after: string | undefined, limit?: number) => {
        const { entries, revision } = await meta.range('/p/', { after, limit });
        expect(revision).toBeGreaterThan(0);
        return entries.map(({ key }) => key);
      };
      expect(await page(undefined, 2)).toEqual(['/p/a', '/p/a/1']);
      expect(await page('/p/a', 2)).toEqual(['/p/a/1', '/p/b']);
      expect(await page('/p/a0')).toEqual(['/p/b', '/p/c']);
      expect(await page('/p/c', 2)).toEqual([]);
      // Keys before and behind the prefix belong to nobody's page.
      expect(await page('/a', 10)).toEqual(keys.slice(0, 4));
      expect(await page('/z', 10)).toEqual([]);
    });

    it('delivers every change to a watcher in revision order, those before it came included', async () => {
      const meta = await store();
      const { revision } = await meta.range('/');
      await meta.txn([], [{ put: '/w/1', value: '1' }]);
      const stop = new AbortController();
      const seen: Change[] = [];
      const watching = (async () => {
        for await (const change of meta.watch('/w/', revision, stop.signal)) {
          seen.push(change);
          if (seen.length === 4) stop.abort();
        }
      })();
      await meta.txn([], [{ put: '/other', value: 'x' }]);
      await meta.txn([], [{ put: '/w/2', value: '2' }, { delete: '/w/1' }]);
      await meta.txn([], [{ put: '/w/3', value: '3' }]);
      await watching;
      expect(seen.map(({ key, value }) => [key, value])).toEqual([
        ['/w/1', '1'],
        ['/w/2', '2'],
        ['/w/1', undefined],
        ['/w/3', '3'],
      ]);
    });

    it('deletes the keys of a lease that ends, and tells watchers', async () => {
      const meta = await store();
      const lease = await meta.grant(60_000);
      const { revision } = await meta.txn(
        [],
        [
          { put: '/l/bound', value: '1', lease: lease.id },
          { put: '/l/unbound', value: '1', lease: lease.id },
          { put: '/l/free', value: '1' },
        ],
      );
      await meta.txn([], [{ put: '/l/unbound', value: '2' }]);
      const stop = new AbortController();
      const gone = (async () => {
        for await (const change of meta.watch('/l/', revision + 1, stop.signal)) return change;
      })();
      expect(lease.lost.aborted).toBe(false);
      await lease.revoke();
      expect(lease.lost.aborted).toBe(true);
      expect(await gone).toMatchObject({ key: '/l/bound', value: undefined });
      expect((await meta.range('/l/')).entries.map((entry) => entry.key)).toEqual(['/l/free', '/l/unbound']);
      await expect(meta.txn([], [{ put: '/l/late', value: '1', lease: lease.id }])).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      stop.abort();
    });

    it('elects one leader at a time, the next when it ends, and refuses the writes of the former', async () => {
      const meta = await store();
      const log: string[] = [];
      const stops = ['a', 'b'].map(() => new AbortController());
      const fences: Leadership['fence'][] = [];
      const led: (() => void)[] = [];
      const turns = [0, 1].map((turn) => new Promise<void>((resolve) => (led[turn] = resolve)));
      const runs = ['a', 'b'].map((name, at) =>
        new Election(meta, '/leader', name, 60_000).run(stops[at].signal, async ({ fence, signal }) => {
          log.push(name);
          fences.push(fence);
          led[fences.length - 1]();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          log.push(`${name} ended`);
        }),
      );
      await turns[0];
      const first = log[0];
      const election = new Election(meta, '/leader', 'looker', 60_000);
      expect(await election.leader()).toBe(first);
      const write = { put: '/by-leader', value: first };
      expect((await meta.txn([fences[0]], [write])).succeeded).toBe(true);
      stops[first === 'a' ? 0 : 1].abort();
      await turns[1];
      const second = first === 'a' ? 'b' : 'a';
      expect(log).toEqual([first, `${first} ended`, second]);
      expect((await meta.txn([fences[0]], [write])).succeeded).toBe(false);
      expect((await meta.txn([fences[1]], [write])).succeeded).toBe(true);
      for (const stop of stops) stop.abort();
      await Promise.all(runs);
      expect(await election.leader()).toBe('');
    });
  });
}
