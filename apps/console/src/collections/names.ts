import { useParams } from '@tanstack/react-router';

/** The collection whose page is shown. */
export function useCollection(): string {
  return (useParams({ strict: false }) as { name: string }).name;
}
