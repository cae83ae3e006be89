import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type AsyncBuffer, type ColumnMetaData, type Compressors, type DecodedArray, type SchemaTree } from 'hyparquet';
import { assembleNested } from 'hyparquet/src/assemble.js';
import { parquetHeader, readPage } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import type { ColumnDecoder } from 'hyparquet/src/types.js';
import { compressors } from 'hyparquet-compressors';

/** Node's own are faster. */
const COMPRESSORS: Compressors = {
  ...compressors,
  GZIP: (input) => new Uint8Array(gunzipSync(input)),
  BROTLI: (input) => new Uint8Array(brotliDecompressSync(input)),
};
/** The values of times are converted by parquet-values.ts. */
const PARSERS = { ...DEFAULT_PARSERS, timestampFromNanoseconds: (nanos: bigint) => nanos };
/** A page header is some tens of bytes, unless it has long statistics. */
const HEADER_BYTES = 4 << 10;

/** The pages of a column in one row group, of which the rows are taken a few at a time. Memory: about a page. */
class LeafCursor {
  #position: number;
  readonly #end: number;
  #dictionary: DecodedArray | undefined;
  /** Rows that were decoded and not taken yet; the last one may go on in the next page. */
  #rows: unknown[] = [];
  #taken = 0;
  readonly #decoder: ColumnDecoder;

  constructor(
    private readonly file: AsyncBuffer,
    private readonly meta: ColumnMetaData,
    schemaPath: SchemaTree[],
  ) {
    const { dictionary_page_offset: dictionaryAt = 0n, data_page_offset: dataAt } = meta;
    // Some writers say 0 where there is no dictionary.
    const start = dictionaryAt > 0n && dictionaryAt < dataAt ? dictionaryAt : dataAt;
    this.#position = Number(start);
    this.#end = Number(start + meta.total_compressed_size);
    this.#decoder = {
      pathInSchema: meta.path_in_schema,
      element: schemaPath[schemaPath.length - 1].element,
      schemaPath,
      parsers: PARSERS,
      compressors: COMPRESSORS,
      utf8: false,
      ...meta,
    };
  }

  /** The next `count` rows. Throws when there are fewer. */
  async take(count: number): Promise<unknown[]> {
    // A list may go on in the next page: its row is whole when another one has begun.
    while (this.#rows.length - this.#taken <= count && this.#position < this.#end) await this.#readPage();
    const rows = this.#rows.slice(this.#taken, this.#taken + count);
    if (rows.length < count) {
      throw new Error(`column ${this.meta.path_in_schema.join('.')} has fewer rows than its row group`);
    }
    this.#taken += count;
    return rows;
  }

  async #readPage(): Promise<void> {
    if (this.#taken > 0) this.#rows = this.#rows.slice(this.#taken);
    this.#taken = 0;
    const { header, length } = await this.#readHeader();
    const at = this.#position + length;
    const bytes = await this.file.slice(at, at + header.compressed_page_size);
    this.#position = at + header.compressed_page_size;
    const reader = { view: new DataView(bytes), offset: 0 };
    const { data = [] } = readPage(reader, header, this.#decoder, this.#dictionary, this.#rows, 0);
    if (header.type === 'DICTIONARY_PAGE') this.#dictionary = data;
    // A page of flat values that are all there is an array of its own; others are appended to the rows before.
    else if (data !== this.#rows) for (const value of data) this.#rows.push(value);
  }

  async #readHeader() {
    for (let size = HEADER_BYTES; ; size *= 4) {
      const bytes = await this.file.slice(this.#position, Math.min(this.#position + size, this.#end));
      const reader = { view: new DataView(bytes), offset: 0 };
      try {
        return { header: parquetHeader(reader), length: reader.offset };
      } catch (error) {
        // The view may end within the header.
        if (bytes.byteLength < size) throw error;
      }
    }
  }
}

/** A top-level column of a row group with its nested ones. */
export class ColumnCursor {
  readonly #leaves: readonly { readonly path: string; readonly cursor: LeafCursor }[];

  constructor(
    file: AsyncBuffer,
    private readonly node: SchemaTree,
    root: SchemaTree,
    metas: readonly ColumnMetaData[],
  ) {
    const own = metas.filter(({ path_in_schema: path }) => path[0] === node.element.name);
    this.#leaves = own.map((meta) => ({
      path: meta.path_in_schema.join('.'),
      cursor: new LeafCursor(file, meta, pathTo(root, meta.path_in_schema)),
    }));
  }

  /** The values of the next `count` rows, lists and structs put together. */
  async take(count: number): Promise<ArrayLike<unknown>> {
    const leaves = await Promise.all(
      this.#leaves.map(async ({ path, cursor }) => [path, await cursor.take(count)] as const),
    );
    if (this.node.children.length === 0) return leaves[0][1];
    const columns = new Map<string, DecodedArray>(leaves);
    assembleNested(columns, this.node, PARSERS);
    return columns.get(this.node.element.name) as unknown[];
  }
}

function pathTo(root: SchemaTree, names: readonly string[]): SchemaTree[] {
  const path = [root];
  for (const name of names) {
    const next = path[path.length - 1].children.find(({ element }) => element.name === name);
    if (next === undefined) throw new Error(`the schema has no column ${names.join('.')}`);
    path.push(next);
  }
  return path;
}
