import { describe, expect, it } from '@jest/globals';
import { recallLines } from './recall-text.js';

describe('what an answer says of its recall', () => {
  const said = (recallEstimate?: number, low?: number, recallUnmet = false) =>
    recallLines({
      recallEstimate,
      recallInterval: low === undefined ? undefined : { low, high: 1 },
      recallUnmet,
    });

  it('is that it is exact only when there is no doubt about it', () => {
    expect(said(1, 1)).toEqual(['exact']);
    // A worker of a version before intervals.
    expect(said(1)).toEqual(['exact']);
    // All that was measured was found: that is a mean of 1, and no promise.
    expect(said(1, 0.985)).toEqual(['recall to expect: 1.000 (0.985 to 1.000)']);
  });

  it('is nothing where nothing was measured, and that a wish is not met', () => {
    expect(said()).toEqual([]);
    expect(said(undefined, undefined, true)).toEqual(['the recall that was asked for is not reached']);
    expect(said(0.5, 0.25, true)).toEqual([
      'recall to expect: 0.500 (0.250 to 1.000)',
      'the recall that was asked for is not reached',
    ]);
  });
});
