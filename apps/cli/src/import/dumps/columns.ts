import type { JsonText } from '../json-source.js';
import type { JsonCursor } from './json-cursor.js';
import { openJson, textsOf } from './json-rows.js';

/** An element of a list that stands under a key of a page, or what there is in place of the list. */
export type ColumnItem =
  /** `page` and `at` count from 0. */
  | { readonly kind: 'element'; readonly page: number; readonly at: number; readonly text: JsonText }
  /** The page has null, or something else that is no list, under the key. */
  | { readonly kind: 'other'; readonly page: number; readonly text: JsonText }
  /** The JSON is broken here. */
  | { readonly kind: 'fault'; readonly text: JsonText };

/**
 * The elements of the list under `key` of every page; pages are objects, in lines, in lists or one alone. Each column reads
 * the file on its own, so that files of any size take the memory of one element a column.
 */
export async function* columnOf(file: string, key: string): AsyncGenerator<ColumnItem> {
  const { cursor, close } = await openJson(file);
  let page = -1;
  const pages = async function* (): AsyncGenerator<ColumnItem> {
    if (await cursor.isList()) {
      await cursor.enter();
      for (let first = true; await cursor.element(first); first = false) yield* pages();
      return;
    }
    page += 1;
    if (!(await cursor.isObject())) {
      yield { kind: 'other', page, text: await cursor.piece() };
      return;
    }
    await cursor.enter();
    for (let first = true; ; first = false) {
      const found = await cursor.key(first);
      if (found === undefined) return;
      if (found !== key) await cursor.skip();
      else if (await cursor.isList()) yield* elements(cursor, page);
      else yield { kind: 'other', page, text: await cursor.piece() };
    }
  };
  try {
    for await (const item of textsOf(cursor, pages)) yield 'kind' in item ? item : { kind: 'fault', text: item };
  } finally {
    await close();
  }
}

async function* elements(cursor: JsonCursor, page: number): AsyncGenerator<ColumnItem> {
  await cursor.enter();
  for (let at = 0; await cursor.element(at === 0); at++) {
    yield { kind: 'element', page, at, text: await cursor.piece() };
  }
}

/** Takes the elements of a column that belong to those of another. */
export class ColumnReader {
  private readonly items: AsyncGenerator<ColumnItem>;
  private next: ColumnItem | undefined;
  private begun = false;

  constructor(file: string, key: string) {
    this.items = columnOf(file, key);
  }

  /** The element at this place, or what is there in place of its list; undefined: there is none. */
  async take(page: number, at: number): Promise<JsonText | undefined> {
    if (!this.begun) await this.advance();
    while (this.next !== undefined && isBefore(this.next, page, at)) await this.advance();
    const { next } = this;
    if (next === undefined || next.kind === 'fault' || next.page !== page) return undefined;
    return next.kind === 'other' || next.at === at ? next.text : undefined;
  }

  private async advance(): Promise<void> {
    this.begun = true;
    const { value, done } = await this.items.next();
    this.next = done === true ? undefined : value;
  }

  async close(): Promise<void> {
    await this.items.return(undefined);
  }
}

const isBefore = (item: ColumnItem, page: number, at: number): boolean => {
  if (item.kind === 'fault') return true;
  return item.page < page || (item.page === page && item.kind === 'element' && item.at < at);
};
