import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chapResponse, chapVerify, forgetChallenge, isOurChallenge, newChallenge } from '../../src/iscsi/chap.ts';

const test = suite('chap');
const CREDENTIALS = { user: 'alpha', secret: 'a secret of alpha' };

test('the response is MD5 of identifier, secret, challenge (RFC 1994)', () => {
  const value = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const expected = createHash('md5')
    .update(Buffer.concat([Buffer.of(7), Buffer.from('s'), value]))
    .digest();
  assert.equal(chapResponse({ identifier: 7, value }, 's'), expected);
});

test('accepts the right one, and no other', () => {
  const challenge = newChallenge();
  const right = chapResponse(challenge, CREDENTIALS.secret);
  assert.ok(chapVerify(challenge, CREDENTIALS, 'alpha', right));
  assert.not.ok(chapVerify(challenge, CREDENTIALS, 'beta', right));
  assert.not.ok(chapVerify(challenge, CREDENTIALS, 'alpha', right.subarray(1)));
  assert.not.ok(chapVerify(challenge, CREDENTIALS, 'alpha', chapResponse(challenge, 'another secret')));
  assert.not.ok(chapVerify(newChallenge(), CREDENTIALS, 'alpha', right));
  assert.not.ok(chapVerify(challenge, undefined, 'alpha', right));
  assert.not.ok(chapVerify(challenge, undefined, '', chapResponse(challenge, '')));
});

test('challenges differ, and are known while they wait', () => {
  const challenges = Array.from({ length: 100 }, newChallenge);
  assert.is(new Set(challenges.map(({ value }) => value.toString('hex'))).size, 100);
  assert.ok(challenges.every(({ value }) => value.length === 16 && isOurChallenge(Buffer.from(value))));
  for (const challenge of challenges) forgetChallenge(challenge);
  assert.not.ok(challenges.some(({ value }) => isOurChallenge(value)));
});

test.run();
