import { disposable } from './disposable.js';
import type { ListOptions, Page, StoredPoint } from './types.js';

const PAGE = 1_000;

/** The points of all pages from `cursor` on, each page fetched when those before it were read. */
export function allPoints(
  listPoints: (options: ListOptions) => Promise<Page>,
  options: ListOptions = {},
): AsyncGenerator<StoredPoint, void, undefined> & AsyncDisposable {
  async function* pages() {
    for (let { cursor } = options; ; ) {
      const page = await listPoints({ limit: PAGE, ...options, cursor });
      yield* page.points;
      cursor = page.nextCursor;
      if (cursor === undefined) return;
    }
  }
  return disposable(pages());
}
