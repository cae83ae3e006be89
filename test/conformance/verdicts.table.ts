import { changeRows, collectionRows, nameRows } from './verdicts/collection-rows.js';
import { pointRows } from './verdicts/point-rows.js';
import type { Row } from './verdicts/rows.js';
import { searchRows } from './verdicts/search-rows.js';
import { textRows } from './verdicts/text-rows.js';

/**
 * Odd inputs of every kind, each with the one verdict that every home has of it. docs/data-model.md, "Values" and "What is
 * refused", says it in words. A home that has no way to say an input is left out, and `carriers.ts` has the reason: a uint32
 * of protobuf is no text, JSON has no NaN.
 */
export const ROWS: readonly Row[] = [
  ...pointRows,
  ...searchRows,
  ...collectionRows,
  ...nameRows,
  ...changeRows,
  ...textRows,
];
