import { createHash } from 'node:crypto';
import type { EmbeddingProvider } from './providers.js';

const words = new Intl.Segmenter('en', { granularity: 'word' });

/**
 * Feature hashing of words (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009): each word adds
 * one to a component and takes one from another. Texts that share words are near; nothing is understood. For tests and trials:
 * deterministic, without a model or a network.
 */
export function localProvider(): EmbeddingProvider {
  return {
    async embed(texts, dimension) {
      return texts.map((text) => {
        const vector = new Float32Array(dimension);
        for (const { segment, isWordLike } of words.segment(text)) {
          if (!isWordLike) continue;
          const hash = createHash('sha256').update(segment.toLowerCase()).digest();
          vector[hash.readUInt32LE(0) % dimension] += 1;
          vector[hash.readUInt32LE(4) % dimension] -= 1;
        }
        // A text without words, or whose words cancel each other, still needs a direction.
        if (vector.every((x) => x === 0)) vector[0] = 1;
        const norm = Math.hypot(...vector);
        return vector.map((x) => x / norm);
      });
    },
  };
}
