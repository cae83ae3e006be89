import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { type CollectionOf, defineCollection, InjectCollection } from '@vectron/nestjs';
import { DOCUMENTS, type Document } from './documents.js';

/** The server makes vectors of texts: `local` needs no model; docs/embeddings.md says how to set up others. */
export const Documents = defineCollection<Document>('library', {
  create: {
    dimension: 256,
    embedding: { provider: 'local', textField: 'text' },
    indexes: [{ path: 'year', type: 'integer' }],
  },
});

export interface Question {
  readonly text: string;
  readonly limit?: number;
  /** Documents of this year and newer. */
  readonly since?: number;
}

export interface Found {
  readonly id: string;
  readonly title: string;
  /** Higher is nearer. */
  readonly score: number;
}

@Injectable()
export class LibraryService implements OnApplicationBootstrap {
  constructor(@InjectCollection(Documents) private readonly documents: CollectionOf<typeof Documents>) {}

  /** Ids make it the same import each time. */
  async onApplicationBootstrap(): Promise<void> {
    const points = Object.entries(DOCUMENTS).map(([id, payload]) => ({ id, text: payload.text, payload }));
    await this.documents.upsert(points);
  }

  async find({ text, limit, since }: Question): Promise<Found[]> {
    const filter = since ? { field: 'year' as const, gte: since } : undefined;
    const { hits } = await this.documents.search({ text, topK: limit || 3, filter });
    return hits.map(({ id, score, payload: { title } }) => ({ id, title, score }));
  }
}
