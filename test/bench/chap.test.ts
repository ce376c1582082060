import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chapAnswer } from '../../bench/initiator/chap.ts';
import { chapVerify, forgetChallenge, newChallenge } from '../../src/iscsi/chap.ts';

const chap = suite('CHAP of the load generator');

const credentials = { user: 'alpha', secret: 'secret of alpha' };

chap('the target takes the answer, and no other', () => {
  const challenge = newChallenge();
  try {
    const keys = { CHAP_A: '5', CHAP_I: String(challenge.identifier), CHAP_C: `0x${challenge.value.toString('hex')}` };
    const answer = chapAnswer(new Map(Object.entries(keys)), credentials);
    assert.is(answer.CHAP_N, 'alpha');
    const response = Buffer.from(answer.CHAP_R.slice(2), 'hex');
    assert.ok(chapVerify(challenge, credentials, answer.CHAP_N, response));
    assert.not.ok(chapVerify(challenge, { ...credentials, secret: 'another' }, answer.CHAP_N, response));
  } finally {
    forgetChallenge(challenge);
  }
});

chap('another algorithm, or a challenge in another form, is refused', () => {
  const good = { CHAP_A: '5', CHAP_I: '7', CHAP_C: '0xabcd' };
  for (const change of [{ CHAP_A: '7' }, { CHAP_C: '0babcd' }, { CHAP_C: '0x' }, { CHAP_I: '256' }, { CHAP_I: 'x' }]) {
    const challenge = new Map(Object.entries({ ...good, ...change }));
    assert.throws(() => chapAnswer(challenge, credentials), /Cannot answer the challenge/);
  }
});

chap.run();
