import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import {
  bracketMatching,
  ensureSyntaxTree,
  HighlightStyle,
  indentUnit,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, linter } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import { EditorView, keymap, placeholder as placeholderOf } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';

interface Props {
  readonly label: string;
  /** Id of the element that says how to leave it by keyboard. */
  readonly describedBy: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  /** Called with where the text stops to be JSON, and with undefined when all of it is. */
  readonly onFault: (fault: string | undefined) => void;
  readonly placeholder?: string;
  readonly minRows: number;
  readonly maxRows: number;
  /** If there is one, the editor has the focus from the start, with the cursor before this character. */
  readonly cursor?: number;
}

/** After the last key, until a fault is shown, milliseconds. */
const FAULT_AFTER_MS = 300;
/** For the syntax tree of a long text, milliseconds. */
const PARSE_MS = 200;
const LINE_HEIGHT = 1.5;

/** CodeMirror for JSON: colours, matching brackets, and a mark where it stops to be JSON. */
export function JsonEditor(props: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const { value } = props;
  useEffect(() => {
    if (host.current === null) return;
    const { value: doc, cursor } = latest.current;
    const made = new EditorView({ parent: host.current, doc, extensions: extensionsOf(latest) });
    view.current = made;
    if (cursor !== undefined) {
      made.dispatch({ selection: { anchor: Math.min(cursor, made.state.doc.length) } });
      made.focus();
    }
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const shown = view.current;
    if (shown === undefined || shown.state.doc.toString() === value) return;
    shown.dispatch({ changes: { from: 0, to: shown.state.doc.length, insert: value } });
  }, [value]);
  return <div ref={host} />;
}

function extensionsOf(latest: { readonly current: Props }): Extension {
  const { label, describedBy, placeholder = '', minRows, maxRows } = latest.current;
  return [
    history(),
    json(),
    indentUnit.of('  '),
    bracketMatching(),
    syntaxHighlighting(COLOURS),
    EditorView.lineWrapping,
    placeholderOf(placeholder),
    keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap]),
    EditorView.contentAttributes.of({
      ...{ 'aria-label': label, 'aria-describedby': describedBy, spellcheck: 'false' },
      // Named as focusable, such that a region that scrolls is known to be reached by the keyboard.
      tabindex: '0',
    }),
    EditorView.updateListener.of(({ docChanged, state }) => {
      const text = docChanged ? state.doc.toString() : latest.current.value;
      if (text !== latest.current.value) latest.current.onChange(text);
    }),
    linter((shown) => faultsOf(shown, latest.current.onFault), { delay: FAULT_AFTER_MS }),
    themeOf(minRows, maxRows),
  ];
}

/** The first fault: what follows it is read as something else, and would be marked without need. */
function faultsOf({ state }: EditorView, onFault: Props['onFault']): Diagnostic[] {
  const faults: Diagnostic[] = [];
  if (state.doc.toString().trim() !== '') {
    ensureSyntaxTree(state, state.doc.length, PARSE_MS)?.iterate({
      enter: ({ type, from, to }) => {
        if (!type.isError || faults.length > 0) return;
        const line = state.doc.lineAt(from);
        const message = `Line ${line.number}, column ${from - line.from + 1}: this is not JSON from here on.`;
        // What is missing has no length: the character before it is marked.
        const start = from === to ? Math.max(0, from - 1) : from;
        faults.push({ from: start, to: Math.max(to, start + 1), severity: 'error', message });
      },
    });
  }
  onFault(faults[0]?.message);
  return faults;
}

const shade = (colour: string) => `light-dark(var(--mantine-color-${colour}-9), var(--mantine-color-${colour}-3))`;

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: shade('indigo') },
  // The darkest green of the palette has a contrast of 4.36 on white, and text needs 4.5.
  {
    tag: tags.string,
    color: 'light-dark(color-mix(in srgb, var(--mantine-color-green-9) 85%, black), var(--mantine-color-green-3))',
  },
  { tag: tags.number, color: shade('grape') },
  { tag: [tags.bool, tags.null], color: shade('red') },
]);

const themeOf = (minRows: number, maxRows: number) =>
  EditorView.theme({
    '&': {
      border: '1px solid light-dark(var(--mantine-color-gray-5), var(--mantine-color-dark-4))',
      borderRadius: 'var(--mantine-radius-default)',
      backgroundColor: 'light-dark(var(--mantine-color-white), var(--mantine-color-dark-6))',
      fontSize: 'var(--mantine-font-size-sm)',
    },
    '&.cm-focused': { outline: 'none', borderColor: 'var(--mantine-primary-color-filled)' },
    '.cm-scroller': {
      fontFamily: 'var(--mantine-font-family-monospace)',
      lineHeight: String(LINE_HEIGHT),
      maxHeight: `${maxRows * LINE_HEIGHT + 0.8}em`,
    },
    '.cm-content': { minHeight: `${minRows * LINE_HEIGHT + 0.8}em`, caretColor: 'var(--mantine-color-text)' },
    '.cm-placeholder': { color: 'light-dark(var(--mantine-color-gray-7), var(--mantine-color-dark-1))' },
    '&.cm-focused .cm-matchingBracket': {
      backgroundColor: 'light-dark(var(--mantine-color-teal-2), var(--mantine-color-teal-9))',
    },
    '&.cm-focused .cm-nonmatchingBracket': {
      backgroundColor: 'light-dark(var(--mantine-color-red-2), var(--mantine-color-red-9))',
    },
    '.cm-tooltip': {
      backgroundColor: 'var(--mantine-color-body)',
      border: '1px solid var(--mantine-color-default-border)',
    },
  });
