import type { Collection, VectronClient } from '@vectron/sdk';
import { type EmbeddingModel, embed, embedMany, type Tool, tool } from 'ai';
import { z } from 'zod';

/** A piece of a text that answers are made of. */
export interface Passage {
  readonly source: string;
  readonly text: string;
}

/** Passages with the vectors that an embedding model of the AI SDK makes of them. */
export class Knowledge {
  private constructor(
    private readonly passages: Collection<Passage>,
    private readonly model: EmbeddingModel,
  ) {}

  /** The collection `name`, which is made when it is not there, for vectors as the model makes them. */
  static async in(db: VectronClient, name: string, model: EmbeddingModel): Promise<Knowledge> {
    const collections = await db.listCollections();
    if (!collections.some((collection) => collection.name === name)) {
      const { embedding } = await embed({ model, value: 'How many dimensions are there?' });
      await db.createCollection(name, { dimension: embedding.length });
    }
    return new Knowledge(db.collection<Passage>(name), model);
  }

  /** Of passages with an id that is there already, the new ones replace them. */
  async add(passages: Readonly<Record<string, Passage>>): Promise<void> {
    const ids = Object.keys(passages);
    const values = Object.values(passages).map(({ text }) => text);
    const { embeddings } = await embedMany({ model: this.model, values });
    await this.passages.upsert(ids.map((id, at) => ({ id, vector: embeddings[at], payload: passages[id] })));
  }

  /** The passages that are nearest to the question, the nearest first. */
  async find(question: string, limit: number): Promise<Passage[]> {
    const { embedding } = await embed({ model: this.model, value: question });
    const { hits } = await this.passages.search({ vector: embedding, topK: limit });
    return hits.map(({ payload }) => payload);
  }

  /** For `tools` of `generateText` and `streamText`. */
  tool(): Tool<{ question: string }, Passage[]> {
    return tool({
      description: 'Find passages of the handbook that help to answer a question.',
      inputSchema: z.object({ question: z.string().describe('What is to be known, as a sentence') }),
      execute: ({ question }) => this.find(question, 3),
    });
  }
}
