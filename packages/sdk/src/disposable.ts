/** The generator, which `await using` ends as leaving its loop does; newer platforms do that natively. */
export function disposable<T>(
  generator: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> & AsyncDisposable {
  const known: object = generator;
  if (!(Symbol.asyncDispose in known)) {
    Object.defineProperty(known, Symbol.asyncDispose, {
      value: async () => {
        await generator.return();
      },
    });
  }
  return generator as AsyncGenerator<T, void, undefined> & AsyncDisposable;
}
