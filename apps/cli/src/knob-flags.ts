import { type KnobSet, setting } from '@vectron/config';
import { type Command, Option } from 'commander';

/** One flag a knob; the value is checked with the environment's, so that all faults are told at once. */
export function withFlags(command: Command, knobs: KnobSet): Command {
  for (const knob of Object.values(knobs)) {
    const value = knob.schema === setting.flag ? '[value]' : '<value>';
    const flag = knob.flag === 'no-sample' ? '--no-sample' : `--${knob.flag} ${value}`;
    const shown = knob.default === undefined || knob.flag === 'no-sample' ? '' : ` (default: ${knob.default})`;
    command.addOption(new Option(flag, `${knob.help}${shown} [${knob.env}]`));
  }
  return command;
}
