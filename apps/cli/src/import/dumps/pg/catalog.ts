import { VectronError } from '@vectron/errors';
import type { Token } from './sql-tokens.js';

/** A type as the dump writes it: `public.vector(4)` is vector with the arguments 4. */
export interface PgType {
  /** In lower case, without the schema, of one word each: `double precision`. */
  readonly name: string;
  readonly args: readonly number[];
  readonly isArray: boolean;
}

export interface PgColumn {
  readonly name: string;
  /** undefined: the dump has no CREATE TABLE. */
  readonly type?: PgType;
  notNull: boolean;
  /** Computed from others, so that dumps have no values of it. */
  readonly generated: boolean;
  /** Numbered by PostgreSQL: serial or identity. */
  numbered: boolean;
}

export interface PgIndex {
  readonly name: string;
  /** Method of a vector index, such as hnsw. */
  readonly method: string;
  /** The first key: a column, by itself or cast. */
  readonly column?: string;
  /** Operator class; missing: the method's own. */
  readonly operators?: string;
}

export interface PgTable {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  readonly columns: PgColumn[];
  /** The dump says its columns, not only its rows do. */
  declared: boolean;
  primaryKey?: readonly string[];
  /** Columns of unique constraints and indexes, each over all rows. */
  readonly uniques: (readonly string[])[];
  readonly indexes: PgIndex[];
  /** Tables that it is a partition or child of. */
  readonly parents: PgTable[];
}

/** Of COPY or INSERT: the table and the columns of its rows. */
export interface PgRows {
  readonly table: PgTable;
  readonly columns: readonly PgColumn[];
}

export const qualified = ({ schema, name }: Pick<PgTable, 'schema' | 'name'>) =>
  `${identifier(schema)}.${identifier(name)}`;

const identifier = (name: string) => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** What the statements of a dump declare, as far as rows and vectors are concerned. */
export class Catalog {
  readonly tables: PgTable[] = [];
  private database = '';
  private schema = 'public';
  private readonly domains = new Map<string, PgType>();

  constructor(private readonly file: string) {}

  connect(database: string): void {
    this.database = database;
  }

  /** Takes a statement in; of COPY and INSERT it gives what their rows are. Throws INVALID_ARGUMENT. */
  take(tokens: readonly Token[], line: number): PgRows | undefined {
    const cursor = new TokenCursor(tokens);
    if (cursor.words('set')) this.setting(cursor, line);
    else if (cursor.words('select')) this.searchPath(cursor);
    else if (cursor.words('create')) this.create(cursor);
    else if (cursor.words('alter', 'table')) this.alterTable(cursor);
    else if (cursor.words('copy')) return this.rowsOf(cursor, false);
    else if (cursor.words('insert', 'into')) return this.rowsOf(cursor, true);
    return undefined;
  }

  private setting(cursor: TokenCursor, line: number): void {
    cursor.words('session');
    const name = cursor.next()?.text;
    cursor.next();
    const value = cursor.next();
    if (name === 'search_path' && value !== undefined) this.schema = value.text;
    if (name === 'client_encoding' && !/^(utf-?8|unicode|sql_ascii)$/i.test(value?.text ?? '')) {
      const encoding = value?.text ?? '';
      throw VectronError.invalid(
        'file',
        `${this.file}:${line}: the dump is in ${encoding}, and UTF-8 can be read: make it with pg_dump --encoding=UTF8`,
      );
    }
  }

  /** `SELECT pg_catalog.set_config('search_path', 'a, b', false)`; empty, all names are qualified. */
  private searchPath(cursor: TokenCursor): void {
    const strings = cursor.rest().filter(({ kind }) => kind === 'string');
    if (strings[0]?.text !== 'search_path') return;
    const first = strings[1]?.text.split(',')[0].trim().replaceAll('"', '');
    if (first) this.schema = first;
  }

  private create(cursor: TokenCursor): void {
    if (cursor.words('domain')) {
      const name = cursor.name();
      cursor.words('as');
      const type = typeOf(cursor);
      if (name !== undefined && type !== undefined) this.domains.set(name.at(-1) ?? '', this.resolved(type));
      return;
    }
    const unique = cursor.words('unique');
    if (cursor.words('index')) {
      this.createIndex(cursor, unique);
      return;
    }
    for (const word of ['global', 'local', 'temporary', 'temp', 'unlogged', 'foreign']) cursor.words(word);
    if (cursor.words('table')) this.createTable(cursor);
  }

  private resolved(type: PgType): PgType {
    const base = this.domains.get(type.name);
    return base === undefined ? type : { ...base, isArray: base.isArray || type.isArray };
  }

  private createTable(cursor: TokenCursor): void {
    cursor.words('if', 'not', 'exists');
    const table = this.table(cursor.name());
    if (table === undefined) return;
    if (cursor.words('partition', 'of')) {
      const parent = this.table(cursor.name());
      if (parent !== undefined) table.parents.push(parent);
      // Its columns are those of the parent; what stands in parentheses are constraints of some.
      return;
    }
    if (table.declared || !cursor.marks('(')) return;
    table.declared = true;
    for (const part of cursor.list()) this.tablePart(table, new TokenCursor(part));
    if (cursor.words('inherits') && cursor.marks('(')) {
      for (const part of cursor.list()) {
        const parent = this.table(new TokenCursor(part).name());
        if (parent !== undefined) table.parents.push(parent);
      }
    }
  }

  private tablePart(table: PgTable, cursor: TokenCursor): void {
    if (cursor.words('constraint')) {
      cursor.next();
      constraint(table, cursor);
      return;
    }
    if (cursor.isWord('like', 'exclude', 'check', 'foreign') && !cursor.isColumn()) return;
    if (cursor.isWord('primary', 'unique') && !cursor.isColumn()) {
      constraint(table, cursor);
      return;
    }
    const name = cursor.next()?.text;
    const declared = typeOf(cursor);
    if (name === undefined || declared === undefined) return;
    const type = this.resolved(declared);
    const rest = cursor.rest();
    const has = (...words: string[]) =>
      rest.some((_, at) => words.every((word, ahead) => isWord(rest[at + ahead], word)));
    const column: PgColumn = {
      name,
      type,
      notNull: has('not', 'null'),
      generated: has('generated', 'always', 'as') && !has('as', 'identity'),
      numbered: has('identity') || has('nextval') || /^(small|big)?serial/.test(type.name),
    };
    table.columns.push(column);
    if (has('primary', 'key')) table.primaryKey = [name];
    else if (has('unique')) table.uniques.push([name]);
  }

  private alterTable(cursor: TokenCursor): void {
    cursor.words('if', 'exists');
    cursor.words('only');
    const table = this.table(cursor.name());
    if (table === undefined) return;
    if (cursor.words('attach', 'partition')) {
      this.table(cursor.name())?.parents.push(table);
      return;
    }
    if (cursor.words('inherit')) {
      const parent = this.table(cursor.name());
      if (parent !== undefined) table.parents.push(parent);
      return;
    }
    if (cursor.words('add', 'constraint')) {
      cursor.next();
      constraint(table, cursor);
      return;
    }
    if (!cursor.words('alter')) {
      if (cursor.words('add')) constraint(table, cursor);
      return;
    }
    cursor.words('column');
    const name = cursor.next()?.text;
    const column = table.columns.find((one) => one.name === name);
    if (column === undefined) return;
    if (cursor.words('set', 'not', 'null')) column.notNull = true;
    const words = cursor.rest();
    if (words.some((one) => isWord(one, 'nextval') || isWord(one, 'identity'))) column.numbered = true;
  }

  private createIndex(cursor: TokenCursor, unique: boolean): void {
    cursor.words('concurrently');
    cursor.words('if', 'not', 'exists');
    const name = cursor.name()?.at(-1) ?? '';
    if (!cursor.words('on')) return;
    cursor.words('only');
    const table = this.table(cursor.name());
    const method = cursor.words('using') ? (cursor.next()?.text ?? '') : 'btree';
    if (table === undefined || !cursor.marks('(')) return;
    const keys = cursor.list();
    const partial = cursor.rest().some((one) => isWord(one, 'where'));
    if (unique && !partial) {
      const columns = keys.map((key) =>
        key.length > 0 && key[0].kind !== 'mark' && key[1]?.text !== '(' ? key[0].text : undefined,
      );
      if (columns.every((one) => one !== undefined)) table.uniques.push(columns);
    }
    if (keys.length > 0) table.indexes.push({ name, method, ...indexKey(keys[0]) });
  }

  private rowsOf(cursor: TokenCursor, insert: boolean): PgRows {
    const table = this.table(cursor.name());
    if (table === undefined)
      throw VectronError.invalid(
        'file',
        `${this.file}: a COPY or INSERT has no table; make the dump again with pg_dump`,
      );
    // Of generated columns an INSERT has DEFAULT, and a COPY nothing.
    if (!cursor.marks('(')) return { table, columns: this.columnsOf(table).filter((one) => insert || !one.generated) };
    const names = cursor.list().map((part) => part[0]?.text ?? '');
    return { table, columns: names.map((name) => this.column(table, name)) };
  }

  /** Those that are declared, or inherited. */
  private columnsOf(table: PgTable): readonly PgColumn[] {
    if (table.columns.length > 0 || table.parents.length === 0) return table.columns;
    return this.columnsOf(table.parents[0]);
  }

  private column(table: PgTable, name: string): PgColumn {
    const known = inherited(table).find((column) => column.name === name);
    if (known !== undefined) return known;
    const added = { name, notNull: false, generated: false, numbered: false };
    table.columns.push(added);
    return added;
  }

  private table(parts: readonly string[] | undefined): PgTable | undefined {
    if (parts === undefined) return undefined;
    const name = parts.at(-1) ?? '';
    const schema = parts.at(-2) ?? this.schema;
    const { database } = this;
    const known = this.tables.find((one) => one.name === name && one.schema === schema && one.database === database);
    if (known !== undefined) return known;
    const table: PgTable = {
      ...{ database, schema, name, columns: [], declared: false },
      ...{ uniques: [], indexes: [], parents: [] },
    };
    this.tables.push(table);
    return table;
  }
}

/** The columns of a table, and those of the tables that it inherits from. */
export function inherited(table: PgTable): readonly PgColumn[] {
  const own = new Set(table.columns.map(({ name }) => name));
  const others = table.parents.flatMap((parent) => inherited(parent)).filter(({ name }) => !own.has(name));
  return [...table.columns, ...others];
}

function constraint(table: PgTable, cursor: TokenCursor): void {
  const primary = cursor.words('primary', 'key');
  if (!primary && !cursor.words('unique')) return;
  cursor.words('nulls', 'not', 'distinct');
  if (!cursor.marks('(')) return;
  const columns = cursor.list().map((part) => part[0]?.text ?? '');
  if (primary) {
    table.primaryKey = columns;
    for (const column of table.columns) if (columns.includes(column.name)) column.notNull = true;
  } else table.uniques.push(columns);
}

/** `embedding public.vector_l2_ops`, or `((embedding)::public.halfvec(3)) public.halfvec_l2_ops`. */
function indexKey(key: readonly Token[]): Pick<PgIndex, 'column' | 'operators'> {
  const [first] = key;
  let column: string | undefined;
  let rest = key.slice(1);
  if (first?.text === '(' && first.kind === 'mark') {
    const cursor = new TokenCursor(key.slice(1));
    const inner = cursor
      .list()
      .flat()
      .filter(({ kind, text }) => kind !== 'mark' || !['(', ')'].includes(text));
    const cast = inner[1]?.text === '::' && inner.every(({ text }) => text !== 'binary_quantize');
    column = inner.length === 1 || cast ? inner[0]?.text : undefined;
    rest = [...cursor.rest()];
  } else if (key[1]?.text === '(') return {};
  else column = first?.text;
  const operators = rest.filter(({ kind }) => kind !== 'mark').map(({ text }) => text);
  const named = operators.find((word) => word.endsWith('_ops'));
  return { column, ...(named === undefined ? {} : { operators: named }) };
}

const isWord = (token: Token | undefined, word: string) => token?.kind === 'word' && token.text === word;

/** Types of several words; what follows `with` or `without` says nothing here. */
const LONG_TYPES = [
  ['double', 'precision'],
  ['character', 'varying'],
  ['bit', 'varying'],
] as const;

function typeOf(cursor: TokenCursor): PgType | undefined {
  const long = LONG_TYPES.find((words) => cursor.words(...words));
  const name = long?.join(' ') ?? cursor.name()?.at(-1);
  if (name === undefined) return undefined;
  let args = cursor.marks('(') ? cursor.list().map((part) => Number(part[0]?.text)) : [];
  for (const zone of [
    ['with', 'time', 'zone'],
    ['without', 'time', 'zone'],
  ])
    cursor.words(...zone);
  if (cursor.marks('(')) args = cursor.list().map((part) => Number(part[0]?.text));
  let isArray = cursor.words('array');
  while (cursor.marks('[')) {
    isArray = true;
    while (!cursor.marks(']')) if (cursor.next() === undefined) break;
  }
  return { name, args, isArray };
}

/** Goes over the tokens of a statement. */
class TokenCursor {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  next(): Token | undefined {
    return this.tokens[this.at++];
  }

  rest(): readonly Token[] {
    return this.tokens.slice(this.at);
  }

  /** Consumes the words if they are next. */
  words(...words: readonly string[]): boolean {
    if (!words.every((word, ahead) => isWord(this.tokens[this.at + ahead], word))) return false;
    this.at += words.length;
    return true;
  }

  isWord(...words: readonly string[]): boolean {
    return words.some((word) => isWord(this.tokens[this.at], word));
  }

  /** Whether a column of a name such as `like` or `unique` begins here: a type follows, and no parenthesis. */
  isColumn(): boolean {
    const after = this.tokens[this.at + 1];
    return after !== undefined && after.kind !== 'mark' && !isWord(after, 'key') && !isWord(after, 'using');
  }

  marks(mark: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== 'mark' || token.text !== mark) return false;
    this.at += 1;
    return true;
  }

  /** `a`, `a.b` or `a.b.c`, in its parts. */
  name(): string[] | undefined {
    const parts: string[] = [];
    do {
      const token = this.tokens[this.at];
      if (token?.kind !== 'word' && token?.kind !== 'name') return parts.length === 0 ? undefined : parts;
      parts.push(token.text);
      this.at += 1;
    } while (this.marks('.'));
    return parts;
  }

  /** What stands between commas up to the `)` of the `(` that was consumed. */
  list(): Token[][] {
    const parts: Token[][] = [[]];
    for (let depth = 0; this.at < this.tokens.length; this.at++) {
      const token = this.tokens[this.at];
      const mark = token.kind === 'mark' ? token.text : '';
      if (mark === ')' && depth === 0) {
        this.at += 1;
        break;
      }
      if (mark === '(' || mark === '[') depth += 1;
      if (mark === ')' || mark === ']') depth -= 1;
      if (mark === ',' && depth === 0) parts.push([]);
      else parts.at(-1)?.push(token);
    }
    return parts.filter((part) => part.length > 0);
  }
}
