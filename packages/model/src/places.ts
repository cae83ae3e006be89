/** Gives a place for one more task, which is to be left when that has ended; undefined: there is none now. */
export type SparePlace = () => (() => void) | undefined;

/**
 * Does the tasks 0 to `count` - 1 of one request, begun in their order. The request has a place of its own, in which one task after the
 * other is done; up to `atOnce` - 1 more are done beside it, each in a place that is spare when it begins and is left when it has ended.
 * Nothing ever waits for a place, so that requests which have one each cannot wait for each other. Throws the first failure at once;
 * no task is begun after that.
 */
export async function doInPlaces(
  count: number,
  atOnce: number,
  spare: SparePlace,
  task: (at: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let beside = 0;
  let failed = false;
  let fail: (cause: unknown) => void = () => {};
  const failure = new Promise<never>((_resolve, reject) => {
    fail = (cause) => {
      failed = true;
      reject(cause);
    };
  });
  const others = new Set<Promise<void>>();
  const spread = () => {
    while (!failed && beside < atOnce - 1 && next < count) {
      const leave = spare();
      if (leave === undefined) return;
      beside += 1;
      const done = task(next++)
        .catch(fail)
        .finally(() => {
          leave();
          beside -= 1;
          others.delete(done);
          spread();
        });
      others.add(done);
    }
  };
  const own = async () => {
    while (!failed && next < count) {
      const done = task(next++);
      spread();
      await done;
    }
    while (others.size > 0) await Promise.race(others);
  };
  try {
    await Promise.race([own(), failure]);
  } catch (cause) {
    failed = true;
    throw cause;
  }
}
