import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, open, type VectronClient } from '@vectron/sdk';
import { MockEmbeddingModelV3, MockLanguageModelV3 } from 'ai/test';
import { answer } from '../../examples/ai-sdk/src/answer.js';
import { HANDBOOK } from '../../examples/ai-sdk/src/handbook.js';
import { Knowledge, type Passage } from '../../examples/ai-sdk/src/knowledge.js';
import { VectronProcess } from '../harness/process.js';
import { type ProcessSystem, startSingle, tempDir } from '../harness/system.js';

const DIMENSION = 128;
/** A vector of the words of a text: texts that share words are near. */
function vectorOf(text: string): number[] {
  const vector = new Array<number>(DIMENSION).fill(0);
  for (const word of text.toLowerCase().match(/\p{L}{3,}/gu) ?? []) {
    vector[createHash('sha256').update(word).digest().readUInt32LE(0) % DIMENSION] += 1;
  }
  return vector;
}

const embeddings = () =>
  new MockEmbeddingModelV3({
    maxEmbeddingsPerCall: 2,
    doEmbed: async ({ values }) => ({ embeddings: values.map(vectorOf), warnings: [] }),
  });

const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined },
};
/** Searches for what it is asked, and then says what the tool gave it first. */
const reader = () =>
  new MockLanguageModelV3({
    doGenerate: async ({ prompt, tools }) => {
      const last = prompt.at(-1);
      if (last?.role === 'tool') {
        const [part] = last.content;
        if (part.type !== 'tool-result' || part.output.type !== 'json') throw new Error(`the tool gave ${part.type}`);
        const [{ source, text }] = part.output.value as unknown as Passage[];
        const content = [{ type: 'text' as const, text: `${text} (${source})` }];
        return { content, finishReason: { unified: 'stop', raw: undefined }, usage: USAGE, warnings: [] };
      }
      const [{ text: question }] = (last as { content: { text: string }[] }).content;
      const call = { toolCallId: 'call-1', toolName: tools?.[0].name ?? '', input: JSON.stringify({ question }) };
      const finishReason = { unified: 'tool-calls' as const, raw: undefined };
      return { content: [{ type: 'tool-call' as const, ...call }], finishReason, usage: USAGE, warnings: [] };
    },
  });

const QUESTION = 'How many days are backups kept?';
const ANSWER = `${HANDBOOK.backups.text} (handbook/backups)`;

describe('the example of the AI SDK', () => {
  let system: ProcessSystem;
  beforeAll(async () => {
    system = await startSingle();
  });
  afterAll(() => system?.stop());

  const homes: [string, () => Promise<VectronClient> | VectronClient][] = [
    ['a server', () => connect(`grpc://${system.grpc}`, { apiKey: system.adminKey })],
    ['an embedded database', () => open(tempDir('handbook'))],
  ];
  it.each(homes)('answers from what the tool has found in %s', async (_, home) => {
    const db = await home();
    const model = embeddings();
    const knowledge = await Knowledge.in(db, 'handbook', model);
    await knowledge.add(HANDBOOK);
    const chat = reader();
    expect(await answer(QUESTION, knowledge, chat)).toBe(ANSWER);
    expect(await answer('Who is called when there is an incident?', knowledge, chat)).toContain('handbook/incidents');
    expect(chat.doGenerateCalls).toHaveLength(4);
    const [tool] = chat.doGenerateCalls[0].tools ?? [];
    expect(tool).toMatchObject({ name: 'searchHandbook', inputSchema: { required: ['question'] } });
    // The nearest first, and no more than were asked for.
    expect((await knowledge.find(QUESTION, 2)).map(({ source }) => source)[0]).toBe('handbook/backups');
    expect(await knowledge.find(QUESTION, 2)).toHaveLength(2);

    // A second program on the same collection changes nothing and makes nothing anew.
    const again = await Knowledge.in(db, 'handbook', embeddings());
    await again.add(HANDBOOK);
    expect(await db.count('handbook', { consistency: 'linearizable' })).toMatchObject({ count: 3 });
    const other = new MockEmbeddingModelV3({
      doEmbed: async ({ values }) => ({ embeddings: values.map(() => [1, 0]), warnings: [] }),
    });
    const wrong = await Knowledge.in(db, 'handbook', other);
    await expect(wrong.find(QUESTION, 1)).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH' });
    await db.close();
  });

  it('is a program on models that speak the API of OpenAI', async () => {
    const asked: { url?: string; key?: string; body: { model: string } }[] = [];
    const models = createServer(async (request, response) => {
      const body = JSON.parse(await textOf(request));
      asked.push({ url: request.url, key: request.headers.authorization, body });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.url === '/v1/embeddings' ? embedded(body) : completed(body)));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => models.once('listening', resolve));
    const environment = {
      MODELS_URL: `http://127.0.0.1:${(models.address() as AddressInfo).port}/v1`,
      MODELS_API_KEY: 'a-key',
      CHAT_MODEL: 'chat',
      EMBEDDING_MODEL: 'embed',
    };
    const main = join(process.cwd(), 'examples/ai-sdk/dist/main.js');
    const command = `cd '${tempDir('handbook')}' && exec '${process.execPath}' '${main}' '${QUESTION}'`;
    try {
      const { code, output } = await new VectronProcess(['-c', command], environment, ['bash']).finish();
      expect([code, output.trim()]).toEqual([0, ANSWER]);
    } finally {
      models.close();
    }
    expect(new Set(asked.map(({ url, key, body }) => [url, key, body.model].join()))).toEqual(
      new Set(['/v1/embeddings,Bearer a-key,embed', '/v1/chat/completions,Bearer a-key,chat']),
    );
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function embedded({ input }: { input: string[] }) {
  const data = input.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) }));
  return { object: 'list', data, model: 'embed', usage: { prompt_tokens: 1, total_tokens: 1 } };
}

/** As `reader`, over the wire. */
function completed({ messages }: { messages: { role: string; content: string }[] }) {
  const last = messages[messages.length - 1];
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const about = { id: 'chat-1', object: 'chat.completion', created: 1, model: 'chat', usage };
  if (last.role === 'tool') {
    const [{ source, text }] = JSON.parse(last.content) as Passage[];
    const message = { role: 'assistant', content: `${text} (${source})` };
    return { ...about, choices: [{ index: 0, message, finish_reason: 'stop' }] };
  }
  const called = { name: 'searchHandbook', arguments: JSON.stringify({ question: last.content }) };
  const message = { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: called }] };
  return { ...about, choices: [{ index: 0, message, finish_reason: 'tool_calls' }] };
}
