import { describe, expect, it } from '@jest/globals';
import { newEmailAddress, normalizeEmail } from './email-address.js';

const INVALID = expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { field: 'email' } });
const character = (code: number) => String.fromCodePoint(code);

describe('the e-mail address of a new account', () => {
  it.each([
    ['ann@example.org', 'ann@example.org'],
    [' Ann@Example.ORG ', 'ann@example.org'],
    ['ann+tag@mail.example.org', 'ann+tag@mail.example.org'],
    ['admin@localhost', 'admin@localhost'],
    ['j\u00f6rg@m\u00fcller.example', 'j\u00f6rg@m\u00fcller.example'],
    // The Kelvin sign is a k, in lower case.
    [`${character(0x212a)}im@example.org`, 'kim@example.org'],
  ])('%j is %j', (typed, address) => {
    expect(newEmailAddress(typed)).toBe(address);
    expect(normalizeEmail(typed)).toBe(address);
  });

  it.each([
    ['no sign', 'annexample.org'],
    ['two signs', 'ann@b@example.org'],
    ['nothing before it', '@example.org'],
    ['a slash', 'ann/../bob@example.org'],
    ['a space', 'ann b@example.org'],
    ['255 characters', `${'a'.repeat(243)}@example.org`],
    ['a dot at the end', 'ann@example.org.'],
    ['two dots', 'ann@example..org'],
    ['a dot first in the domain', 'ann@.example.org'],
    ['a NUL', `ann${character(0)}@example.org`],
    ['an escape character', `ann${character(0x1b)}[2J@example.org`],
    ['a C1 control character', `ann${character(0x9b)}2J@example.org`],
    ['a character without width', `an${character(0x200b)}n@example.org`],
    ['a soft hyphen', `an${character(0xad)}n@example.org`],
    ['text from right to left', `ann${character(0x202e)}gro.elpmaxe@example.org`],
    ['half a surrogate pair', `ann${character(0xd800)}@example.org`],
    ['an unassigned character', `ann${character(0x378)}@example.org`],
    ['a decomposed letter', `jo${character(0x308)}rg@example.org`],
    ['letters of full width', `ann@${character(0xff45)}xample.org`],
    ['a ligature', `${character(0xfb01)}nn@example.org`],
  ])('has not %s', (_, typed) => {
    expect(() => newEmailAddress(typed)).toThrow(INVALID as never);
  });
});

describe('an e-mail address that is looked for', () => {
  it('may be what an account was given before', () => {
    expect(normalizeEmail(`jo${character(0x308)}rg@Example.org`)).toBe(`jo${character(0x308)}rg@example.org`);
    expect(() => normalizeEmail('ann')).toThrow(INVALID as never);
    expect(() => normalizeEmail('a/b@example.org')).toThrow(INVALID as never);
  });
});
