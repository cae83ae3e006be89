import { VectronError } from '@vectron/errors';
import type { z } from 'zod';

/** One setting: declared once, read from a flag, else from the environment, else its default. */
export interface Knob<S extends z.ZodType = z.ZodType> {
  readonly env: `VECTRON_${string}`;
  /** Command-line flag without dashes, e.g. `data`. */
  readonly flag: string;
  readonly schema: S;
  /** As the operator would write it; undefined: unset. */
  readonly default?: string;
  /** Effect, with unit and range. */
  readonly help: string;
}

export type KnobSet = Record<string, Knob>;
export type ConfigOf<K extends KnobSet> = { [N in keyof K]: z.output<K[N]['schema']> };

/** Values as given: by flag (keyed by flag name) and by environment variable. */
export interface RawSettings {
  readonly flags: Record<string, string | boolean | undefined>;
  readonly env: Record<string, string | undefined>;
}

/**
 * Declares the knobs of one service.
 * `load` throws INVALID_ARGUMENT that lists every fault at once, unknown `VECTRON_*` variables included
 * (`alsoKnown`: variables of other services that may be set in the same environment).
 */
export function defineKnobs<K extends KnobSet>(knobs: K) {
  return {
    knobs,
    load(raw: RawSettings, alsoKnown: readonly KnobSet[] = []): ConfigOf<K> {
      const faults: string[] = [];
      const config: Record<string, unknown> = {};
      for (const [name, knob] of Object.entries(knobs)) {
        const flag = raw.flags[knob.flag];
        const value = flag !== undefined ? String(flag) : (raw.env[knob.env] ?? knob.default);
        const source = flag !== undefined ? `--${knob.flag}` : knob.env;
        const parsed = knob.schema.safeParse(value);
        if (parsed.success) config[name] = parsed.data;
        else faults.push(...parsed.error.issues.map((issue) => `${source}: ${issue.message} (${knob.help})`));
      }
      const known = new Set(
        [knobs, ...alsoKnown].flatMap((set) => Object.values(set).map((knob) => knob.env as string)),
      );
      for (const variable of Object.keys(raw.env)) {
        if (variable.startsWith('VECTRON_') && !known.has(variable)) faults.push(`${variable}: no such setting`);
      }
      if (faults.length > 0)
        throw new VectronError('INVALID_ARGUMENT', `invalid settings; correct these values:\n  ${faults.join('\n  ')}`);
      return config as ConfigOf<K>;
    },
  };
}

/** The settings as a Markdown table, for docs/configuration.md. */
export function knobReference(title: string, knobs: KnobSet): string {
  const rows = Object.values(knobs).map(
    (knob) =>
      `| \`--${knob.flag}\` | \`${knob.env}\` | ${knob.default === undefined ? '' : `\`${knob.default}\``} | ${knob.help} |`,
  );
  return [`## ${title}`, '', '| flag | environment | default | effect |', '|---|---|---|---|', ...rows, ''].join('\n');
}
