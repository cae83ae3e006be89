import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';

export interface Progress {
  readonly done: number;
  /** Undefined: not known. */
  readonly total?: number;
}
export interface Run {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Work of some minutes that says how far it is, and ends when the page is left or somebody stops it. */
export function useTransfer<In, Out>(work: (given: In, run: Run) => Promise<Out>) {
  const [progress, setProgress] = useState<Progress>();
  const ended = useRef<AbortController>(undefined);
  const transfer = useMutation({
    mutationFn: async (given: In) => {
      ended.current = new AbortController();
      setProgress({ done: 0 });
      return await work(given, { signal: ended.current.signal, onProgress: setProgress });
    },
  });
  useEffect(() => () => ended.current?.abort(), []);
  return { ...transfer, progress, stop: () => ended.current?.abort() };
}
