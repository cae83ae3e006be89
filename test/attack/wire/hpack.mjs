/** Header blocks (RFC 7541) of literals alone: no Huffman code, and no table unless an attack asks for one. */

function integer(value, prefixBits, first) {
  const most = (1 << prefixBits) - 1;
  if (value < most) return Buffer.from([first | value]);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function string(text) {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** A field that enters no table. */
export const literal = (name, value) => Buffer.concat([Buffer.from([0]), string(name), string(value)]);

/** A field that the receiver is to keep in its table. */
export const indexing = (name, value) => Buffer.concat([Buffer.from([0x40]), string(name), string(value)]);

/** A reference to an entry of the table; 62 is the newest of the dynamic one. */
export const indexed = (index) => integer(index, 7, 0x80);

/** A change of the size of the dynamic table. */
export const tableSize = (bytes) => integer(bytes, 5, 0x20);

export const block = (headers) => Buffer.concat(Object.entries(headers).map(([name, value]) => literal(name, value)));
