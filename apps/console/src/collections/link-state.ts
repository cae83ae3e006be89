import { useLocation, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';

/** A server refuses requests whose head is larger than 16 KiB, and a page that is loaded again is such a request. */
const LONGEST_IN_LINK = 4_000;

type Kept = Record<string, string>;
const CURSOR = 'cursor';

/** What a page shows, kept in its link. A long text is kept in the history of this tab instead, and is in no link. */
export function useLinkState<Name extends string>(
  names: readonly Name[],
): [Readonly<Record<Name, string>>, (change: Partial<Record<Name, string>>) => void] {
  const { search, state, pathname } = useLocation();
  const linked = search as Kept;
  const { kept = {}, before } = state as { kept?: Kept; before?: readonly string[] };
  const navigate = useNavigate();
  const shown = Object.fromEntries(names.map((name) => [name, kept[name] ?? linked[name] ?? ''])) as Record<
    Name,
    string
  >;
  const text = JSON.stringify(shown);
  const change = useCallback(
    (changed: Partial<Record<Name, string>>) => {
      const all = { ...(JSON.parse(text) as Kept), ...changed } as Kept;
      const link = linkTo(all);
      // The pages before stay where the page is the same.
      const state = changed[CURSOR as Name] === undefined ? { ...link.state, before } : link.state;
      void navigate({ to: pathname, search: link.search, state } as never);
    },
    [navigate, pathname, text, before],
  );
  return [shown, change];
}

/** `search` and `state` of a link to a page that shows this. */
export function linkTo(shown: Readonly<Record<string, string>>): { search: Kept; state: { kept: Kept } } {
  const entries = Object.entries(shown).filter(([, text]) => text !== '');
  const isLong = ([, text]: [string, string]) => text.length > LONGEST_IN_LINK;
  return {
    search: Object.fromEntries(entries.filter((one) => !isLong(one))),
    state: { kept: Object.fromEntries(entries.filter(isLong)) },
  };
}
