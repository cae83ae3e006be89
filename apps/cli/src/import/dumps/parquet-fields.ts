import { parquetSchema, type SchemaTree } from 'hyparquet';
import { openParquet, records } from '../parquet/source.js';
import type { FieldsDump, ListType } from './fields-dump.js';

/** The rows of a Parquet file by column, and what their lists are of. */
export async function parquetFields(file: string): Promise<Pick<FieldsDump, 'rows' | 'listTypes' | 'unread'>> {
  const open = await openParquet(file);
  const types = parquetSchema(open.metadata).children.flatMap((node): [string, ListType][] => {
    const type = listType(node);
    return type === undefined ? [] : [[node.element.name, type]];
  });
  return {
    listTypes: new Map(types),
    unread: open.columns.flatMap(({ name, why }) =>
      why === undefined
        ? []
        : [{ what: name, reason: `the column ${why}, which has no form in JSON; convert it to text to keep it` }],
    ),
    async *rows() {
      for await (const { place, values } of records(open)) {
        yield 'fields' in values ? { place, fields: values.fields } : { place, wrong: values.wrong };
      }
    },
  };
}

/** undefined: it is no list. */
function listType({ element, children }: SchemaTree): ListType | undefined {
  const isList = element.converted_type === 'LIST' || element.logical_type?.type === 'LIST';
  if (!isList && element.repetition_type !== 'REPEATED') return undefined;
  let leaf: SchemaTree | undefined = isList ? children[0] : ({ element, children } as SchemaTree);
  while (leaf !== undefined && leaf.children.length === 1 && leaf.element.converted_type !== 'LIST')
    leaf = leaf.children[0];
  if (leaf === undefined || leaf.children.length > 0) return 'others';
  const { type, converted_type: converted, logical_type: logical } = leaf.element;
  if (type === 'FLOAT' || type === 'DOUBLE' || logical?.type === 'FLOAT16') return 'floats';
  const ofByte = logical?.type === 'INTEGER' && logical.bitWidth === 8 ? logical.isSigned : undefined;
  if (converted === 'UINT_8' || ofByte === false) return 'bytes';
  if (converted === 'INT_8' || ofByte === true) return 'small integers';
  return 'others';
}
