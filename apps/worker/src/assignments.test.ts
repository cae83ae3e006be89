import { expect, it } from '@jest/globals';
import { placement } from '@vectron/proto';

it('assignments that were written when replica ids were numbers are read', () => {
  const written =
    '{"shards":[{"shardId":7,"epoch":2,"dimension":2,"distance":"dot","replicaId":65537,"voters":[65537,131073],"first":[65537]}],"clusterId":"c","revision":12}';
  const read = placement.Assignments.fromJSON(JSON.parse(written));
  expect(read.revision).toBe(12n);
  expect(read.shards[0]).toMatchObject({ shardId: 7, replicaId: 65537n, voters: [65537n, 131073n], first: [65537n] });
  const again = JSON.stringify(placement.Assignments.toJSON(read));
  expect(placement.Assignments.fromJSON(JSON.parse(again))).toEqual(read);
});
