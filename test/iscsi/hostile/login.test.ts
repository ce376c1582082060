/** Attacks on other targets before login: every text here ends in a refusal, and a witness session continues. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteBudget } from '../../../src/iscsi/byte-budget.ts';
import { chapResponse } from '../../../src/iscsi/chap.ts';
import { LIMITS } from '../../../src/iscsi/limits.ts';
import { Target } from '../../../src/iscsi/target.ts';
import { decodeTextKeys } from '../../../src/iscsi/text-keys.ts';
import { field, text } from '../../fixtures/iscsi/bytes.ts';
import { MemoryDisk } from '../../fixtures/iscsi/memory-disk.ts';
import { directoryOf, INITIATOR, ISID, TestInitiator } from '../../fixtures/iscsi/test-initiator.ts';
import { Witness } from '../../fixtures/iscsi/witness.ts';

const SECRET = 'a secret of sixteen';

const test = suite<{ target: Target; witness: Witness }>('hostile logins');

test.before.each((context) => {
  context.witness = new Witness(new ByteBudget(LIMITS.allData_bytes));
  context.target = new Target({
    name: 'iqn.2026-11.test:guarded',
    luns: [1],
    deviceServer: new MemoryDisk(64),
    fenced: false,
    chap: { user: 'alpha', secret: SECRET },
    mutualChap: { user: 'spare', secret: 'another secret of ours' },
  });
});
test.after.each(({ witness }) => witness.verify());

function request(initiator: TestInitiator, flags: string, data: Buffer) {
  return initiator.send({ 0: '43', 1: flags, 8: ISID, 16: field(1, 4), 24: field(1, 4) }, data);
}

interface Challenged {
  initiator: TestInitiator;
  identifier: number;
  challenge: Buffer;
}

/** Up to the target's challenge. */
function challenged(target: Target): Challenged {
  const initiator = new TestInitiator(directoryOf(target));
  initiator.loginRequest('81', `InitiatorName=${INITIATOR}`, `TargetName=${target.name}`, 'AuthMethod=CHAP');
  const [response] = initiator.loginRequest('00', 'CHAP_A=5');
  const keys = decodeTextKeys(response?.data ?? Buffer.alloc(0));
  const challenge = Buffer.from(keys.get('CHAP_C')?.slice(2) ?? '', 'hex');
  assert.is(challenge.length, 16);
  return { initiator, identifier: Number(keys.get('CHAP_I')), challenge };
}

function isRefused(initiator: TestInitiator): boolean {
  initiator.wait(2);
  return initiator.outlet.state !== 'open' && !initiator.connection.loggedIn;
}

const NAMES = [`InitiatorName=${INITIATOR}`, 'TargetName=iqn.2026-11.test:guarded'];
const TEXTS: [string, Buffer][] = [
  ['a key of 64 bytes', text(...NAMES, `X${'a'.repeat(63)}=1`)],
  ['a value of 256 bytes', text(...NAMES, `X-a=${'v'.repeat(256)}`)],
  ['thousands of unknown keys', text(...NAMES, ...Array.from({ length: 1_500 }, (_, index) => `X${index}=`))],
  ['a text without its terminator', Buffer.from(NAMES.join('\0'))],
  ['a key without a value', text(...NAMES, 'HeaderDigest')],
  ['a value without a key', text(...NAMES, '=CRC32C')],
  ['the same key twice', text(...NAMES, NAMES[0] as string)],
  ['bytes that are no text', Buffer.concat([text(...NAMES), Buffer.from([0xff, 0xfe, 0x3d, 0x80, 0])])],
];
for (const [name, data] of TEXTS) {
  test(`${name} ends the login`, ({ target }) => {
    const initiator = new TestInitiator(directoryOf(target));
    request(initiator, '81', data);
    assert.ok(isRefused(initiator));
  });
}

test('a login text without an end is bounded', ({ target }) => {
  const initiator = new TestInitiator(directoryOf(target));
  let sent_bytes = 0;
  while (initiator.outlet.state === 'open' && sent_bytes < 1 << 20) {
    const data = text(`X-${sent_bytes}=${'v'.repeat(200)}`);
    request(initiator, '44', data);
    sent_bytes += data.length;
  }
  assert.ok(sent_bytes <= LIMITS.text_bytes + LIMITS.loginDataSegment_bytes, `${sent_bytes} bytes were taken`);
});

test('an empty text with the C bit ends the login', ({ target }) => {
  const initiator = new TestInitiator(directoryOf(target));
  request(initiator, '44', Buffer.alloc(0));
  assert.ok(isRefused(initiator));
});

const RESPONSES: [string, string][] = [
  ['a long CHAP_R', `0x${'00'.repeat(LIMITS.binaryValue_bytes + 1)}`],
  ['a CHAP_R of one byte more than MD5 has', `0x${'00'.repeat(17)}`],
  ['an empty CHAP_R', '0x'],
  ['oversize base64', `0b${'A'.repeat(2_000)}`],
  ['base64 that is none', '0b!!!!'],
  ['a CHAP_R in no encoding', '1234'],
];
for (const [name, value] of RESPONSES) {
  test(`${name} does not log in`, ({ target }) => {
    const { initiator } = challenged(target);
    initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${value}`);
    assert.ok(isRefused(initiator));
    assert.not.match(JSON.stringify(initiator.events), 'Internal error');
  });
}

test('a long CHAP_C does not log in', ({ target }) => {
  const { initiator, identifier, challenge } = challenged(target);
  const response = chapResponse({ identifier, value: challenge }, SECRET).toString('hex');
  const long = '00'.repeat(LIMITS.binaryValue_bytes + 1);
  initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=0x${response}`, 'CHAP_I=1', `CHAP_C=0x${long}`);
  assert.ok(isRefused(initiator));
});

test('our challenge reflected on the same connection gets no answer', ({ target }) => {
  const { initiator, identifier, challenge } = challenged(target);
  const response = chapResponse({ identifier, value: challenge }, SECRET).toString('hex');
  const [answer] = initiator.loginRequest(
    '81',
    'CHAP_N=alpha',
    `CHAP_R=0x${response}`,
    `CHAP_I=${identifier}`,
    `CHAP_C=0x${challenge.toString('hex')}`,
  );
  assert.not.match(answer?.data.toString() ?? '', 'CHAP_R');
  assert.ok(isRefused(initiator));
});

test('our challenge reflected on a parallel connection gets no answer', ({ target }) => {
  const one = challenged(target);
  const other = challenged(target);
  // The peer knows the initiator's secret; it wants to be taken for the target too.
  const response = chapResponse({ identifier: one.identifier, value: one.challenge }, SECRET).toString('hex');
  const [answer] = one.initiator.loginRequest(
    '81',
    'CHAP_N=alpha',
    `CHAP_R=0x${response}`,
    `CHAP_I=${other.identifier}`,
    `CHAP_C=0x${other.challenge.toString('hex')}`,
  );
  assert.not.match(answer?.data.toString() ?? '', 'CHAP_R');
  assert.ok(isRefused(one.initiator));
});

test('an answer that was overheard is worth nothing on another connection', ({ target }) => {
  const one = challenged(target);
  const response = chapResponse({ identifier: one.identifier, value: one.challenge }, SECRET).toString('hex');
  const other = challenged(target);
  other.initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=0x${response}`);
  assert.ok(isRefused(other.initiator));
});

test('challenges can not be predicted', ({ target }) => {
  const challenges = Array.from({ length: 200 }, () => challenged(target).challenge);
  assert.is(new Set(challenges.map((each) => each.toString('hex'))).size, 200);
  // Every bit is set in about half of them: 200 throws of a coin, and six standard deviations.
  for (let bit = 0; bit < 128; bit += 1) {
    const set = challenges.filter((each) => (((each[bit >> 3] as number) >> (bit & 7)) & 1) === 1).length;
    assert.ok(set > 57 && set < 143, `bit ${bit} is set in ${set} of 200`);
  }
});

for (const [name, pairs] of [
  ['no method', []],
  ['AuthMethod=None', ['AuthMethod=None']],
] as const) {
  test(`no downgrade where a secret is set: ${name}`, ({ target }) => {
    const initiator = new TestInitiator(directoryOf(target));
    initiator.loginRequest('81', ...NAMES, ...pairs);
    assert.ok(isRefused(initiator) || !initiator.connection.loggedIn);
    const straight = new TestInitiator(directoryOf(target));
    straight.loginRequest('87', ...NAMES, ...pairs);
    assert.ok(isRefused(straight));
  });
}

test('an unauthenticated peer evicts nobody', ({ target }) => {
  const { initiator, identifier, challenge } = challenged(target);
  const response = chapResponse({ identifier, value: challenge }, SECRET).toString('hex');
  initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=0x${response}`);
  initiator.loginRequest('87');
  assert.ok(initiator.connection.loggedIn);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const thief = challenged(target).initiator;
    thief.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=0x${'00'.repeat(16)}`);
    assert.ok(isRefused(thief));
  }
  assert.is(initiator.outlet.state, 'open');
  assert.is(target.sessions.size, 1);
});

test.run();
