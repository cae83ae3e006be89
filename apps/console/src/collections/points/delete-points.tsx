import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../api';
import { Confirm } from '../../frame/confirm';
import { writeTokens } from '../write-tokens';

interface Props {
  readonly collection: string;
  readonly ids: readonly string[];
  /** Deletes one point only as long as it has this version. */
  readonly ifVersion?: string;
  readonly onDone: () => void;
}

/** Deletes points by id once that was confirmed. */
export function DeletePoints({ collection, ids, ifVersion, onDone }: Props) {
  const queries = useQueryClient();
  const remove = async () => {
    const answer = await api.POST('/v1/collections/{collection}/points/delete', {
      params: { path: { collection } },
      body: { ids: [...ids], ...(ifVersion === undefined ? {} : { ifVersion }) },
    });
    writeTokens.keep(collection, answer);
  };
  const done = () => {
    onDone();
    for (const key of ['count', 'status', 'points']) void queries.invalidateQueries({ queryKey: [key, collection] });
  };
  const what = ids.length === 1 ? ids[0] : `${ids.length} points`;
  return (
    <Confirm
      label="Delete"
      title={`Delete ${what}?`}
      action={`Delete ${what}`}
      disabled={ids.length === 0}
      onConfirm={remove}
      onDone={done}
    >
      {ids.slice(0, 10).join(', ')}
      {ids.length > 10 ? ` and ${ids.length - 10} others` : ''} will be permanently deleted.
    </Confirm>
  );
}
