/**
 * Characters that a terminal acts on or that change the direction of the text around them: controls (C0, DEL, C1), line
 * and paragraph separators, and the marks, embeddings, overrides and isolates of bidirectional text
 * (https://www.unicode.org/reports/tr9, section 2; CVE-2021-42574).
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text of a stranger for a terminal, a log or a page: what would act there is written as `\u{1b}`. */
export const escapeControls = (text: string): string =>
  text.replace(CONTROLS, (one) => `\\u{${(one.codePointAt(0) as number).toString(16)}}`);

/** JSON text that means the same, without such characters in its strings. Line feeds between its parts stay. */
export const escapeJsonControls = (json: string): string =>
  json.replace(CONTROLS, (one) =>
    one === '\n' ? one : `\\u${(one.codePointAt(0) as number).toString(16).padStart(4, '0')}`,
  );
