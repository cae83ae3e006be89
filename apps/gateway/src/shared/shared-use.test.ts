import { describe, expect, it } from '@jest/globals';
import { Room } from '../edge/room.js';
import { SharedUse } from './shared-use.js';

const OVERLOADED = expect.objectContaining({ code: 'OVERLOADED' });

/** Rooms of several gateways, of which nobody waits for any. */
function roomsOf(among: number, limit: number) {
  const use = new SharedUse(SharedUse.allocate(among), among);
  const rooms = Array.from(
    { length: among },
    (_, at) => new Room('read', limit, 0, undefined, use.part('read', at + 1)),
  );
  return { use, rooms };
}
const fill = (room: Room, tenant: string) => {
  const held: (() => void)[] = [];
  for (;;) {
    try {
      held.push(room.begin(tenant));
    } catch (error) {
      expect(error).toEqual(OVERLOADED);
      return held;
    }
  }
};

describe('rooms of several gateways', () => {
  it('one may use what the others leave, as if it were alone', () => {
    const { rooms } = roomsOf(4, 64);
    expect(fill(rooms[1], 'ann')).toHaveLength(fill(new Room('read', 64, 0), 'ann').length);
  });

  it('each has an equal part at any time, and who has more gives it back as its requests end', () => {
    const { rooms } = roomsOf(4, 64);
    const most = fill(rooms[0], 'ann');
    expect(fill(rooms[3], 'bob')).toHaveLength(12);
    for (const release of most.splice(0, 20)) release();
    // 28 and 12 are under way: of the 52 that are not of another gateway, one tenant may have three quarters.
    most.push(...fill(rooms[0], 'ann'));
    expect(most).toHaveLength(39);
    fill(rooms[1], 'cid');
    for (const release of most) release();
    expect(fill(rooms[0], 'ann')).toHaveLength(30);
  });

  it('what one used that has ended is free for the others', () => {
    const { use, rooms } = roomsOf(2, 8);
    expect(fill(rooms[0], 'ann')).toHaveLength(6);
    expect(fill(rooms[1], 'bob')).toHaveLength(3);
    use.ended(1);
    expect(fill(rooms[1], 'bob')).toHaveLength(3);
  });
});
