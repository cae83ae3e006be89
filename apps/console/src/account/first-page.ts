import { api } from '../api';

/** Where a login leads that was on its way to no page: where there is no collection yet, to the first steps. */
export async function firstPage(): Promise<string> {
  try {
    const { details } = await api.GET('/v1/collections');
    return details.length === 0 ? '/start' : '/';
  } catch {
    // The page of collections says what is wrong.
    return '/';
  }
}
