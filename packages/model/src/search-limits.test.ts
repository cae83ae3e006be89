import { expect, it } from '@jest/globals';
import { checkSearch } from './search-limits.js';

it('takes the recalls that the interface allows, as text and as float32, and no others', () => {
  const limits = { topK: 10, ef: 0 };
  for (const recall of [0, 0.5, 0.999, Math.fround(0.999)])
    expect(() => checkSearch({ ...limits, recall })).not.toThrow();
  for (const recall of [0.49, Math.fround(0.9991), 1, -0.9, Number.NaN]) {
    expect(() => checkSearch({ ...limits, recall })).toThrow('recall must be 0.5 to 0.999');
  }
});
