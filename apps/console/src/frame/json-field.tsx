import { Input, Text, Textarea } from '@mantine/core';
import { useEffect, useId, useRef, useState } from 'react';
import type { JsonEditor as Editor } from './json-editor';

interface Props {
  readonly label: string;
  /** Of the field in its form. */
  readonly name: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly placeholder?: string;
  /** Lines that are there without text, and lines from which on it scrolls. */
  readonly minRows: number;
  readonly maxRows: number;
}

/** Kept when it was downloaded once. */
let downloaded: typeof Editor | undefined;

/** A field for JSON: an editor that shows where a fault is, and a plain field for as long as its code is not there. */
export function JsonField({ label, name, value, onChange, placeholder, minRows, maxRows }: Props) {
  const [JsonEditor, setEditor] = useState(() => downloaded);
  const [fault, setFault] = useState<string>();
  const plain = useRef<HTMLTextAreaElement>(null);
  // Where somebody has begun to type before the editor was there.
  const [cursor, setCursor] = useState<number>();
  const hint = useId();
  useEffect(() => {
    if (downloaded !== undefined) return;
    let isGone = false;
    const take = (editor: typeof Editor) => {
      downloaded = editor;
      if (isGone) return;
      if (plain.current !== null && plain.current === document.activeElement) setCursor(plain.current.selectionStart);
      setEditor(() => editor);
    };
    // Without it, the plain field stays.
    import('./json-editor').then(({ JsonEditor: editor }) => take(editor)).catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, []);
  if (JsonEditor === undefined)
    return (
      <Textarea
        ref={plain}
        label={label}
        name={name}
        placeholder={placeholder}
        autosize
        minRows={minRows}
        maxRows={maxRows}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={value}
        onChange={(e) => onChange(e.target.value)}
      />
    );
  return (
    <Input.Wrapper label={label} labelElement="div" error={fault} className="json-field" data-json={name}>
      <input type="hidden" name={name} value={value} />
      <JsonEditor
        label={label}
        describedBy={hint}
        value={value}
        onChange={onChange}
        onFault={setFault}
        placeholder={placeholder}
        minRows={minRows}
        maxRows={maxRows}
        cursor={cursor}
      />
      <Text size="xs" c="dimmed" id={hint} className="json-hint">
        Tab indents. Press Escape, then Tab to leave the editor.
      </Text>
    </Input.Wrapper>
  );
}
