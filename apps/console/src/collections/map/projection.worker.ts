import { project, type Vectors } from './projection';

/** Runs projections away from the thread that draws. */
self.onmessage = ({ data }: MessageEvent<Vectors>) => {
  const begun = performance.now();
  try {
    const projection = project(data);
    const answer = { ...projection, milliseconds: performance.now() - begun };
    self.postMessage(answer, { transfer: [projection.places.buffer] });
  } catch (error) {
    self.postMessage({ error: (error as Error).message });
  }
};
