/** Runs checks one after the other, says how each went, and ends with 1 when one of them failed. */
export function checksOf() {
  const failures = [];
  return {
    async check(what, work) {
      try {
        const seen = await work();
        console.log(`ok      ${what}${seen === undefined ? '' : `: ${seen}`}`);
      } catch (error) {
        failures.push(what);
        console.log(`FAILED  ${what}\n${error.stack}`);
      }
    },
    finish(where) {
      const outcome = failures.length === 0 ? 'the packages work' : `${failures.length} failed: ${failures.join('; ')}`;
      console.log(`${where}: ${outcome}`);
      process.exitCode = failures.length === 0 ? 0 : 1;
    },
  };
}
