import { ByteWindow } from '../byte-window.js';
import { fileBytes } from '../file-bytes.js';
import type { JsonText } from '../json-source.js';
import { JsonCursor, JsonFault } from './json-cursor.js';

/** Where rows are in the JSON of a dump. */
export interface RowShape {
  /** Keys of objects around rows; lists need none. */
  readonly around: (key: string) => boolean;
  /** Only lists stand around rows under these keys; an object is a value of a row. */
  readonly listsOnly?: boolean;
  /** Keys of rows that no object around them has. */
  readonly ofRow: (key: string) => boolean;
}

/** Lists and objects around a row; what is deeper is taken for a row, and refused. */
const MAX_AROUND = 8;

/** A cursor on the content of a file, which knows whether it is JSON lines. Close it with the function beside it. */
export async function openJson(file: string): Promise<{ cursor: JsonCursor; close: () => Promise<void> }> {
  const lines = await isLines(file);
  const window = new ByteWindow((await fileBytes(file)).chunks);
  const cursor = new JsonCursor(window);
  cursor.lines = lines;
  await cursor.begin();
  return { cursor, close: () => window.close() };
}

/** By its name, or when the first line is a whole value, and others follow. */
async function isLines(file: string): Promise<boolean> {
  if (/\.(jsonl|ndjson)(\.\w+)?$/.test(file)) return true;
  const window = new ByteWindow((await fileBytes(file)).chunks);
  try {
    const cursor = new JsonCursor(window);
    cursor.lines = true;
    await cursor.begin();
    await cursor.peek();
    const { line } = cursor;
    await cursor.skip();
    return (await cursor.peek()) !== undefined && cursor.line > line;
  } catch (error) {
    if (error instanceof JsonFault) return false;
    throw error;
  } finally {
    await window.close();
  }
}

/** The texts of the rows, in the order of the file; what cannot be read is said by a text of its own. */
export async function* rowTexts(file: string, shape: RowShape): AsyncGenerator<JsonText> {
  const { cursor, close } = await openJson(file);
  try {
    yield* textsOf(cursor, (depth) => rowsAt(cursor, shape, depth));
  } finally {
    await close();
  }
}

/** What `each` gives for every text of the file; a fault ends a line, or the file. */
export async function* textsOf<T>(
  cursor: JsonCursor,
  each: (depth: number) => AsyncGenerator<T>,
): AsyncGenerator<T | JsonText> {
  for (;;) {
    try {
      if ((await cursor.peek()) === undefined) return;
      yield* each(0);
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      cursor.release();
      yield { line: error.line, bytes: Buffer.alloc(0), wrong: error.message };
      if (!cursor.lines || !(await cursor.nextLine())) return;
    }
  }
}

async function* rowsAt(cursor: JsonCursor, shape: RowShape, depth: number): AsyncGenerator<JsonText> {
  if (depth < MAX_AROUND && (await cursor.isList())) yield* rowsOfList(cursor, shape, depth);
  else if (depth < MAX_AROUND && (await cursor.isObject())) yield* rowsOfObject(cursor, shape, depth);
  else yield cursor.piece();
}

async function* rowsOfList(cursor: JsonCursor, shape: RowShape, depth: number): AsyncGenerator<JsonText> {
  let hasLists = false;
  await cursor.enter();
  for (let first = true; await cursor.element(first); first = false) {
    const isList = await cursor.isList();
    // A page and where the next one begins, such as [[...], null].
    if (hasLists && !isList && !(await cursor.isObject())) await cursor.skip();
    else yield* rowsAt(cursor, shape, depth + 1);
    hasLists ||= isList;
  }
}

async function* rowsOfObject(cursor: JsonCursor, shape: RowShape, depth: number): AsyncGenerator<JsonText> {
  const mark = cursor.hold();
  let isAround = false;
  await cursor.enter();
  for (let first = true; ; first = false) {
    const key = await cursor.key(first);
    if (key === undefined) break;
    const isRow = !isAround && shape.ofRow(key);
    if (isRow) {
      cursor.rewind(mark);
      cursor.release();
      yield cursor.piece();
      return;
    }
    if (shape.around(key) && ((await cursor.isList()) || (shape.listsOnly !== true && (await cursor.isObject())))) {
      isAround = true;
      cursor.release();
      yield* rowsAt(cursor, shape, depth + 1);
    } else await cursor.skip();
  }
  if (isAround) return;
  cursor.rewind(mark);
  cursor.release();
  yield cursor.piece();
}
