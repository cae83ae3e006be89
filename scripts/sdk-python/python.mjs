const WIDTH = 116;

export const quoted = (text) => JSON.stringify(text);

/** `ListAPIKeys` is `LIST_API_KEYS`. */
export const constantOf = (name) =>
  name
    .replace(
      /([A-Z]+)(?=[A-Z][a-z]|$)|(?<=[a-z0-9])(?=[A-Z])/g,
      (_all, upper, at) => (at === 0 ? '' : '_') + (upper ?? ''),
    )
    .toUpperCase();

/** Words of a text in lines that begin with `start`. */
export function wrapped(text, start) {
  const lines = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((one) => one !== '')) {
    if (line !== '' && start.length + line.length + 1 + word.length > WIDTH) {
      lines.push(start + line);
      line = '';
    }
    line += (line === '' ? '' : ' ') + word;
  }
  return line === '' ? lines : [...lines, start + line];
}

/** A docstring of a text; nothing for none. */
export function docstring(text, indent) {
  if (text === '') return [];
  const safe = text.replace(/\\/g, '\\\\').replace(/"""/g, "'''");
  const lines = wrapped(safe, indent);
  if (lines.length === 1) return [`${indent}"""${lines[0].slice(indent.length)}"""`];
  return [`${indent}"""${lines[0].slice(indent.length)}`, ...lines.slice(1), `${indent}"""`];
}
