import type { Command, Option } from 'commander';
import { allCommands, wordsOf } from './help.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Place {
  /** Words after `vectron`; empty: the program itself. */
  readonly words: string;
  readonly commands: readonly { readonly name: string; readonly help: string }[];
  readonly options: readonly Option[];
}

/** What can come behind each command. */
const placesOf = (program: Command): Place[] =>
  [program, ...allCommands(program)].map((command) => ({
    words: wordsOf(command),
    commands: command.commands.map((one) => ({ name: one.name(), help: one.description() })),
    options: [...command.options, command.createOption('-h, --help', 'display help for command')],
  }));

/** A word of a shell, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The first sentence of a help, short enough for a menu. */
function brief(help: string): string {
  const [first] = help.split(/[;:.] /);
  return first.length <= 70 ? first : `${first.slice(0, 69)}…`;
}

const longOf = ({ options }: Place): string[] => options.flatMap(({ long }) => long ?? []);
/** Long options of all commands that a value comes behind. */
const valued = (places: readonly Place[]): string[] => [
  ...new Set(
    places.flatMap(({ options }) => options.flatMap((one) => (one.required || one.optional ? (one.long ?? []) : []))),
  ),
];
const isFile = (option: string): boolean => /(?:file|data|out|dir|cert|key)$/.test(option) && option !== '--api-key';

/** Patterns of `case` for bash and zsh: options that files, other values or any values come behind, and the words of all commands. */
function patternsOf(places: readonly Place[]) {
  const takes = valued(places);
  return {
    files: takes.filter(isFile).join('|'),
    others: takes.filter((one) => !isFile(one)).join('|'),
    valued: takes.join('|'),
    commands: places.flatMap(({ words }) => (words === '' ? [] : quoted(words))).join('|'),
  };
}

/** A script that completes commands and options; it is made of the definitions, and runs no `vectron` while a user types. */
export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program);
  const made = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](places);
  // zsh reads the first line of the file.
  return `${shell === 'zsh' ? '#compdef vectron\n' : ''}# Completion of vectron for ${shell}, made by \`vectron completion ${shell}\`.\n${made}`;
}

function bashScript(places: readonly Place[]): string {
  const rows = places.map(
    (place) =>
      `    ${quoted(place.words)}) commands=${quoted(place.commands.map(({ name }) => name).join(' '))} options=${quoted(longOf(place).join(' '))} ;;`,
  );
  const patterns = patternsOf(places);
  return `_vectron() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous= words= word commands options at=1
  (( COMP_CWORD > 1 )) && previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  case $previous in
    ${patterns.files}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${patterns.others}) return ;;
  esac
  while (( at < COMP_CWORD )); do
    word=\${COMP_WORDS[at]}
    at=$(( at + 1 ))
    case $word in
      ${patterns.valued}) at=$(( at + 1 )); continue ;;
      -*) continue ;;
    esac
    case "\${words:+$words }$word" in
      ${patterns.commands}) words="\${words:+$words }$word" ;;
      *) break ;;
    esac
  done
  case $words in
${rows.join('\n')}
  esac
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $commands ]]; then COMPREPLY=($(compgen -W "$commands" -- "$current"))
  else COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _vectron vectron
`;
}

const described = (name: string, help: string): string => quoted(`${name.replaceAll(':', '\\:')}:${brief(help)}`);

function zshScript(places: readonly Place[]): string {
  const patterns = patternsOf(places);
  const rows = places.map(
    (here) =>
      `    ${quoted(here.words)})\n      commands=(${here.commands.map(({ name, help }) => described(name, help)).join(' ')})\n      options=(${here.options
        .flatMap(({ long, description }) => (long ? [described(long, description)] : []))
        .join(' ')})\n      ;;`,
  );
  return `_vectron() {
  local current=$words[CURRENT] previous=$words[CURRENT-1] place= word at=2
  local -a commands options
  case $previous in
    ${patterns.files}) _files; return ;;
    ${patterns.others}) return ;;
  esac
  while (( at < CURRENT )); do
    word=$words[at]
    (( at += 1 ))
    case $word in
      ${patterns.valued}) (( at += 1 )); continue ;;
      -*) continue ;;
    esac
    case "\${place:+$place }$word" in
      ${patterns.commands}) place="\${place:+$place }$word" ;;
      *) break ;;
    esac
  done
  case $place in
${rows.join('\n')}
  esac
  if [[ $current == -* ]]; then _describe option options
  elif (( $#commands )); then _describe command commands
  else _files; fi
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _vectron "$@"; else compdef _vectron vectron; fi
`;
}

function fishScript(places: readonly Place[]): string {
  const takes = valued(places);
  const lines = places.flatMap((place) => {
    const here = `-n ${quoted(`__vectron_at ${quoted(place.words)}`)}`;
    return [
      ...place.commands.map(({ name, help }) => `complete -c vectron ${here} -f -a ${name} -d ${quoted(brief(help))}`),
      ...place.options.flatMap((one) => {
        if (one.long === undefined) return [];
        const value = one.required || one.optional ? (isFile(one.long) ? ' -r' : ' -x') : '';
        return [`complete -c vectron ${here} -l ${one.long.slice(2)}${value} -d ${quoted(brief(one.description))}`];
      }),
    ];
  });
  return `function __vectron_at
  set -l words
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
    else if contains -- $word ${takes.join(' ')}
      set skip 1
    else if not string match -q -- '-*' $word
      contains -- (string join ' ' -- $words $word) ${places
        .filter(({ words }) => words !== '')
        .map(({ words }) => quoted(words))
        .join(' ')}; or break
      set words $words $word
    end
  end
  test "$words" = "$argv[1]"
end
${lines.join('\n')}
`;
}
