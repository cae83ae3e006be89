import type { CallToolResult, Tool as ListedTool, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { toVectronError, VectronError } from '@vectron/errors';
import type { Collection, VectronClient } from '@vectron/sdk';
import { z } from 'zod';
import { checkSize } from './answer.js';
import { errorAnswer } from './errors.js';
import { exactOut } from './exact-numbers.js';
import type { CollectionScope } from './scope.js';
import type { McpSettings } from './settings.js';

/** What a tool works with: clients that end with the call, and see no collection but those of the scope. */
export interface CallContext {
  readonly scope: CollectionScope;
  readonly maxBytes: number;
  /** For what is not about one collection. */
  readonly client: VectronClient;
}

interface ToolText {
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

/** A tool of the server, as it is listed and called. */
export interface Tool {
  readonly listed: ListedTool;
  /** Whether it changes points. */
  readonly writes: boolean;
  /** Never throws: a failure is an answer with `isError`. */
  call(given: unknown, context: CallContext, log: McpSettings['log']): Promise<CallToolResult>;
}

/** A schema of JSON for clients, of what they send or read: properties that are not known are refused where the schema is strict. */
export function jsonSchema(schema: z.ZodType): ListedTool['inputSchema'] {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  });
  return rest as ListedTool['inputSchema'];
}

const READS: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
/** Each of them overwrites or removes what is stored, and does so once however often it is called. */
const WRITES: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: true,
  openWorldHint: false,
};

interface Definition<In extends z.ZodObject, Out extends z.ZodObject> extends ToolText {
  readonly input: In;
  readonly output: Out;
  readonly writes?: boolean;
}

/** A tool whose arguments are checked before `run` gets them. */
export function defineTool<In extends z.ZodObject, Out extends z.ZodObject>(
  { input, output, writes = false, ...text }: Definition<In, Out>,
  run: (args: z.output<In>, context: CallContext) => Promise<object>,
): Tool {
  const annotations = writes ? WRITES : READS;
  return {
    writes,
    listed: { ...text, annotations, inputSchema: jsonSchema(input), outputSchema: jsonSchema(output) as never },
    async call(given, context, log) {
      try {
        const args = parsed(input, given);
        const structuredContent = exactOut(await run(args, context)) as Record<string, unknown>;
        const json = JSON.stringify(structuredContent);
        checkSize(json, context.maxBytes);
        return { content: [{ type: 'text', text: json }], structuredContent };
      } catch (cause) {
        return errorAnswer(text.name, toVectronError(cause), log);
      }
    },
  };
}

/** As defineTool, for a tool of one collection: it gets no other one, and none that is not of the scope. */
export function collectionTool<In extends z.ZodObject<{ collection: z.ZodString }>, Out extends z.ZodObject>(
  definition: Definition<In, Out>,
  run: (collection: Collection, args: z.output<In>, context: CallContext) => Promise<object>,
): Tool {
  return defineTool(definition, async (args, context) => {
    const name = (args as { collection: string }).collection;
    context.scope.check(name);
    return run(context.client.collection(name), args, context);
  });
}

function parsed<In extends z.ZodType>(schema: In, given: unknown): z.output<In> {
  const result = schema.safeParse(given ?? {});
  if (result.success) return result.data;
  const faults = result.error.issues.slice(0, 5).map((issue) => {
    const at = placeOf(issue.path);
    return at === '' ? issue.message : `${at}: ${issue.message}`;
  });
  const [first] = result.error.issues;
  throw VectronError.invalid(placeOf(first.path), faults.join('; '));
}

/** `points[3].vector` */
const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`)).join('');
