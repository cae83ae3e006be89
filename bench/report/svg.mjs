// Bar charts as SVG: panels side by side, each with a title and horizontal bars from zero with their values beside them.

const WIDTH = 900;
const COLUMNS = 2;
const GAP = 24;
const LABEL = 150;
/** Room for the value behind the longest bar. */
const VALUE = 90;
const BAR = 14;
const ROW = 20;
const TITLE = 24;
const FONT = 'font-family="system-ui, sans-serif" font-size="12"';

export const COLOURS = { ours: '#1a6fc4', oursToo: '#7fb2e5', other: '#8a8f98' };

const escaped = (text) => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);

/** Three significant digits, as people write them; what JSON has as null was not measured. */
export const shown = (value) =>
  value === null
    ? 'not measured'
    : value >= 100
      ? Math.round(value).toLocaleString('en')
      : String(Number(value.toPrecision(value >= 10 ? 3 : 2)));

/** `panels`: [{ title, unit, bars: [{ label, value, colour, note }] }]. `caption`: lines below all. */
export function barChart(panels, caption = []) {
  const width = (WIDTH - GAP * (COLUMNS + 1)) / COLUMNS;
  const heightOf = ({ bars }) => TITLE + bars.length * ROW + GAP;
  const parts = [];
  let top = GAP / 2;
  for (let at = 0; at < panels.length; at += COLUMNS) {
    const row = panels.slice(at, at + COLUMNS);
    for (const [column, panel] of row.entries()) parts.push(drawn(panel, GAP + column * (width + GAP), top, width));
    top += Math.max(...row.map(heightOf));
  }
  for (const line of caption) {
    parts.push(`<text x="${GAP}" y="${top + 10}" fill="#57606a">${escaped(line)}</text>`);
    top += 18;
  }
  const height = top + GAP / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ${FONT}>`,
    `<title>${panels.map(({ title, unit }) => escaped(`${title}, ${unit}`)).join('; ')}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function drawn({ title, unit, bars }, left, top, width) {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const lines = [
    `<text x="${left}" y="${top + 14}" font-weight="600" fill="#1f2328">${escaped(title)}, ${escaped(unit)}</text>`,
  ];
  for (const [at, { label, value, colour = COLOURS.other, note = '' }] of bars.entries()) {
    const y = top + TITLE + at * ROW;
    const length = ((width - LABEL - VALUE) * value) / most;
    const text = y + BAR - 3;
    lines.push(
      `<text x="${left + LABEL - 8}" y="${text}" text-anchor="end" fill="#1f2328">${escaped(label)}</text>`,
      `<rect x="${left + LABEL}" y="${y}" width="${length.toFixed(1)}" height="${BAR}" fill="${colour}"/>`,
      `<text x="${(left + LABEL + length + 6).toFixed(1)}" y="${text}" fill="#1f2328">${shown(value)}${escaped(note)}</text>`,
    );
  }
  return lines.join('\n');
}
