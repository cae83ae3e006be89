// What the runners said, as one table: a row for each scenario, a column for each language, wire and home.
import Table from 'cli-table3';

const PLAY = /^(ok|FAILED) (\S+) (\S+) (\S+)$/;

/** The plays that a runner printed, of its language. */
export const playsOf = (language, printed) =>
  printed.split('\n').flatMap((line) => {
    const [, verdict, home, wire, scenario] = PLAY.exec(line.trim()) ?? [];
    return verdict === undefined ? [] : [{ language, home, wire, scenario, isGood: verdict === 'ok' }];
  });

/** What `language` has not played in `home`, over each wire that it speaks there. */
export function missing(plays, scenarios, language, home) {
  const own = plays.filter((play) => play.language === language && play.home === home);
  const wires = [...new Set(own.map(({ wire }) => wire))];
  if (wires.length === 0) return [`${language} has played nothing in the home ${home}`];
  const wanted = scenarios.filter(({ homes }) => homes.includes(home));
  return wires.flatMap((wire) =>
    wanted
      .filter(({ name }) => !own.some((play) => play.wire === wire && play.scenario === name))
      .map(({ name }) => `${language} has not played ${name} over ${wire} in the home ${home}`),
  );
}

export function tableOf(plays, scenarios) {
  const columns = [...new Set(plays.map(({ language, wire, home }) => `${language} ${wire} ${home}`))];
  const table = new Table({
    head: ['scenario', ...columns.map((column) => column.replaceAll(' ', '\n'))],
    style: { head: [], border: [] },
  });
  for (const { name } of scenarios) {
    const cells = columns.map((column) => {
      const play = plays.find((one) => one.scenario === name && `${one.language} ${one.wire} ${one.home}` === column);
      return play === undefined ? '' : play.isGood ? 'ok' : 'FAILED';
    });
    table.push([name, ...cells]);
  }
  return table.toString();
}
