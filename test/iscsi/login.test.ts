import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chapResponse } from '../../src/iscsi/chap.ts';
import { LIMITS } from '../../src/iscsi/limits.ts';
import { Target } from '../../src/iscsi/target.ts';
import type { TargetDirectory } from '../../src/iscsi/target-directory.ts';
import { decodeTextKeys } from '../../src/iscsi/text-keys.ts';
import { field, pduBytes, text } from '../fixtures/iscsi/bytes.ts';
import { MemoryDisk } from '../fixtures/iscsi/memory-disk.ts';
import { directoryOf, INITIATOR, ISID, type Response, TestInitiator } from '../fixtures/iscsi/test-initiator.ts';

const test = suite('login');

const SECRETS = {
  chap: { user: 'alpha', secret: 'secret of alpha' },
  mutualChap: { user: 'spare', secret: 'secret of spare' },
};

function open(): Target {
  return new Target({ name: 'iqn.2026-11.test:open', luns: [1], deviceServer: new MemoryDisk(8), fenced: false });
}

function guarded(fenced = false): Target {
  const name = 'iqn.2026-11.test:guarded';
  return new Target({ name, luns: [1], deviceServer: new MemoryDisk(8), fenced, initiatorName: INITIATOR, ...SECRETS });
}

function keysOf(response: Response | undefined): Record<string, string> {
  return Object.fromEntries(decodeTextKeys(response?.data ?? Buffer.alloc(0)));
}

function statusOf(response: Response | undefined): number | undefined {
  return response?.header.readUInt16BE(36);
}

/** Names and AuthMethod, then CHAP_A; the challenge that came. */
function challengeOf(initiator: TestInitiator, first: string[]): { identifier: number; value: Buffer } {
  const [method] = initiator.loginRequest('81', `InitiatorName=${INITIATOR}`, ...first, 'AuthMethod=CHAP,None');
  assert.is(keysOf(method).AuthMethod, 'CHAP');
  const [algorithm] = initiator.loginRequest('00', 'CHAP_A=7,5');
  const { CHAP_A, CHAP_I, CHAP_C = '' } = keysOf(algorithm);
  assert.is(CHAP_A, '5');
  return { identifier: Number(CHAP_I), value: Buffer.from(CHAP_C.slice(2), 'hex') };
}

function hex(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}

function toGuarded(target: Target): string[] {
  return [`TargetName=${target.name}`, 'SessionType=Normal'];
}

test('without authentication, in one request', () => {
  const target = open();
  const initiator = new TestInitiator(directoryOf(target));
  const [response] = initiator.login(target, 'InitialR2T=No', 'MaxRecvDataSegmentLength=65536');
  assert.is(statusOf(response), 0);
  assert.is(response?.flags, 0x87);
  assert.is(response?.header.toString('hex', 8, 14), ISID);
  assert.is.not(response?.header.readUInt16BE(14), 0);
  assert.equal(keysOf(response), {
    InitialR2T: 'No',
    MaxRecvDataSegmentLength: String(LIMITS.dataSegment_bytes),
    TargetPortalGroupTag: '1',
  });
  assert.is(target.sessions.size, 1);
});

test('numbering follows the initiator', () => {
  const target = open();
  const initiator = new TestInitiator(directoryOf(target));
  initiator.cmdSn = 0xffffffff;
  const [response] = initiator.login(target);
  assert.is(response?.statSn, 100);
  assert.is(response?.expCmdSn, 0xffffffff);
  assert.is(response?.maxCmdSn, LIMITS.commands - 2);
});

test('without authentication through the security stage', () => {
  const target = open();
  const initiator = new TestInitiator(directoryOf(target));
  const first = initiator.loginRequest(
    '81',
    `InitiatorName=${INITIATOR}`,
    `TargetName=${target.name}`,
    'AuthMethod=CHAP,None',
  );
  assert.is(keysOf(first[0]).AuthMethod, 'None');
  assert.is(first[0]?.flags, 0x81);
  const [last] = initiator.loginRequest('87', 'HeaderDigest=CRC32C', 'DataDigest=CRC32C');
  assert.is(last?.flags, 0x87);
  assert.equal(initiator.outlet.digests, { header: true, data: true });
});

test('CHAP both ways', () => {
  const target = guarded();
  const initiator = new TestInitiator(directoryOf(target));
  const challenge = challengeOf(initiator, toGuarded(target));
  const ours = { identifier: 200, value: Buffer.alloc(16, 3) };
  const [proof] = initiator.loginRequest(
    '81',
    'CHAP_N=alpha',
    `CHAP_R=${hex(chapResponse(challenge, SECRETS.chap.secret))}`,
    `CHAP_I=${ours.identifier}`,
    `CHAP_C=${hex(ours.value)}`,
  );
  assert.is(proof?.flags, 0x81);
  assert.equal(keysOf(proof), { CHAP_N: 'spare', CHAP_R: hex(chapResponse(ours, SECRETS.mutualChap.secret)) });
  const [last] = initiator.loginRequest('87');
  assert.is(last?.flags, 0x87);
  assert.is(target.sessions.size, 1);
});

test('CHAP with base64', () => {
  const target = guarded();
  const initiator = new TestInitiator(directoryOf(target));
  const challenge = challengeOf(initiator, toGuarded(target));
  const response = chapResponse(challenge, SECRETS.chap.secret).toString('base64');
  const [proof] = initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=0b${response}`);
  assert.is(statusOf(proof), 0);
  assert.is(proof?.flags, 0x81);
});

/** Everything that must end with 0x0201, a moment later, and with the connection closed. */
const REFUSED: [string, (initiator: TestInitiator, target: Target) => Response[]][] = [
  [
    'a wrong password',
    (initiator, target) => {
      const challenge = challengeOf(initiator, toGuarded(target));
      return initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${hex(chapResponse(challenge, 'wrong'))}`);
    },
  ],
  [
    'a wrong name',
    (initiator, target) => {
      const challenge = challengeOf(initiator, toGuarded(target));
      return initiator.loginRequest('81', 'CHAP_N=beta', `CHAP_R=${hex(chapResponse(challenge, SECRETS.chap.secret))}`);
    },
  ],
  [
    'the name of an unknown target, answered like a wrong password',
    (initiator) => {
      const challenge = challengeOf(initiator, ['TargetName=iqn.2026-11.test:nobody']);
      return initiator.loginRequest(
        '81',
        'CHAP_N=alpha',
        `CHAP_R=${hex(chapResponse(challenge, SECRETS.chap.secret))}`,
      );
    },
  ],
  [
    'an initiator that only says None',
    (initiator, target) =>
      initiator.loginRequest('81', `InitiatorName=${INITIATOR}`, ...toGuarded(target), 'AuthMethod=None'),
  ],
  [
    'an initiator that leaves the security stage out',
    (initiator, target) => initiator.loginRequest('87', `InitiatorName=${INITIATOR}`, ...toGuarded(target)),
  ],
  [
    'an initiator that names no method and continues',
    (initiator, target) => initiator.loginRequest('81', `InitiatorName=${INITIATOR}`, ...toGuarded(target)),
  ],
  [
    'an algorithm that we do not have',
    (initiator, target) => {
      initiator.loginRequest('81', `InitiatorName=${INITIATOR}`, ...toGuarded(target), 'AuthMethod=CHAP');
      return initiator.loginRequest('00', 'CHAP_A=6,7');
    },
  ],
  [
    'our challenge sent back on the same connection',
    (initiator, target) => {
      const challenge = challengeOf(initiator, toGuarded(target));
      const response = hex(chapResponse(challenge, SECRETS.chap.secret));
      return initiator.loginRequest(
        '81',
        'CHAP_N=alpha',
        `CHAP_R=${response}`,
        'CHAP_I=1',
        `CHAP_C=${hex(challenge.value)}`,
      );
    },
  ],
  [
    'our challenge sent back on another connection',
    (initiator, target) => {
      const other = challengeOf(new TestInitiator(directoryOf(target)), toGuarded(target));
      const challenge = challengeOf(initiator, toGuarded(target));
      const response = hex(chapResponse(challenge, SECRETS.chap.secret));
      return initiator.loginRequest(
        '81',
        'CHAP_N=alpha',
        `CHAP_R=${response}`,
        'CHAP_I=1',
        `CHAP_C=${hex(other.value)}`,
      );
    },
  ],
  [
    'a response that is oversize base64',
    (initiator, target) => {
      challengeOf(initiator, toGuarded(target));
      return initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=0b${'A'.repeat(2048)}`);
    },
  ],
];

for (const [name, attempt] of REFUSED) {
  test(`refuses ${name}`, () => {
    const target = guarded();
    const initiator = new TestInitiator(directoryOf(target));
    assert.equal(attempt(initiator, target), [], 'an answer at once');
    const [response] = initiator.wait(1);
    assert.is(statusOf(response), 0x0201);
    assert.is(response?.data.length, 0);
    assert.is(initiator.outlet.state, 'ended');
    assert.is(target.sessions.size, 0);
  });
}

test('another initiator name gets the same answer as a wrong password', () => {
  const target = guarded();
  const initiator = new TestInitiator(directoryOf(target));
  initiator.loginRequest('81', 'InitiatorName=iqn.2026-11.test:other', ...toGuarded(target), 'AuthMethod=CHAP');
  const [algorithm] = initiator.loginRequest('00', 'CHAP_A=5');
  const { CHAP_I, CHAP_C = '' } = keysOf(algorithm);
  const challenge = { identifier: Number(CHAP_I), value: Buffer.from(CHAP_C.slice(2), 'hex') };
  initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${hex(chapResponse(challenge, SECRETS.chap.secret))}`);
  assert.is(statusOf(initiator.wait(1)[0]), 0x0201);
});

for (const session of ['Normal', 'Discovery']) {
  test(`a fenced host learns it after it has proven itself, and not before (${session})`, () => {
    const target = guarded(true);
    const names = session === 'Normal' ? toGuarded(target) : ['SessionType=Discovery'];
    const stranger = new TestInitiator(directoryOf(target));
    challengeOf(stranger, names);
    stranger.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${hex(Buffer.alloc(16))}`);
    assert.is(statusOf(stranger.wait(1)[0]), 0x0201);

    const initiator = new TestInitiator(directoryOf(target));
    const challenge = challengeOf(initiator, names);
    initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${hex(chapResponse(challenge, SECRETS.chap.secret))}`);
    assert.is(statusOf(initiator.wait(1)[0]), 0x0204);
    assert.is(initiator.outlet.state, 'ended');
  });
}

test('a target that has moved says where to, but not to strangers', () => {
  const target = guarded();
  target.redirect = '[2001:db8::1]:3260';
  const stranger = new TestInitiator(directoryOf(target));
  challengeOf(stranger, toGuarded(target));
  stranger.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${hex(Buffer.alloc(16))}`);
  const [refusal] = stranger.wait(1);
  assert.is(statusOf(refusal), 0x0201);
  assert.equal(keysOf(refusal), {});

  const initiator = new TestInitiator(directoryOf(target));
  const challenge = challengeOf(initiator, toGuarded(target));
  initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${hex(chapResponse(challenge, SECRETS.chap.secret))}`);
  const [response] = initiator.wait(1);
  assert.is(statusOf(response), 0x0101);
  // Without a portal group tag (RFC 7143 §13.8).
  assert.equal(keysOf(response), { TargetAddress: '[2001:db8::1]:3260' });
  assert.is(initiator.outlet.state, 'ended');
  assert.is(target.sessions.size, 0);
});

test('a target that moves while a login replaces a session is not entered any more', () => {
  const target = open();
  const disk = target.deviceServer as MemoryDisk;
  const old = new TestInitiator(directoryOf(target));
  old.login(target);
  disk.held = [];
  old.command({ tag: 1, flags: 'c0', cdb: '28 00 00000000 00 0001 00', length: 512 });
  const next = new TestInitiator(directoryOf(target));
  next.login(target);
  target.redirect = '10.0.0.9:3260';
  disk.release();
  const [response] = next.wait(1);
  assert.is(statusOf(response), 0x0101);
  assert.equal(keysOf(response), { TargetAddress: '10.0.0.9:3260' });
});

test('a fence goes before a redirect', () => {
  const target = guarded(true);
  target.redirect = '10.0.0.9:3260';
  const initiator = new TestInitiator(directoryOf(target));
  const challenge = challengeOf(initiator, toGuarded(target));
  initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${hex(chapResponse(challenge, SECRETS.chap.secret))}`);
  const [response] = initiator.wait(1);
  assert.is(statusOf(response), 0x0204);
  assert.equal(keysOf(response), {});
});

test('a target without a disk says: later', () => {
  const target = new Target({ name: 'iqn.2026-11.test:open', luns: [1], deviceServer: undefined, fenced: false });
  const initiator = new TestInitiator(directoryOf(target));
  initiator.login(target);
  assert.is(statusOf(initiator.wait(1)[0]), 0x0301);
});

const MALFORMED: [string, (initiator: TestInitiator, target: Target) => void, number][] = [
  ['no initiator name', (initiator) => initiator.loginRequest('87', 'SessionType=Normal'), 0x0207],
  ['no target name', (initiator) => initiator.loginRequest('87', `InitiatorName=${INITIATOR}`), 0x0207],
  [
    'an unknown session type',
    (initiator) => initiator.loginRequest('87', `InitiatorName=${INITIATOR}`, 'SessionType=Odd'),
    0x0209,
  ],
  [
    'an unknown target',
    (initiator) => initiator.loginRequest('87', `InitiatorName=${INITIATOR}`, 'TargetName=iqn.x:y'),
    0x0203,
  ],
  [
    'a later version only',
    (initiator) => initiator.send({ 0: '43', 1: '87', 2: '0101', 8: ISID }, text('A=1')),
    0x0205,
  ],
  [
    'a step back',
    (initiator, target) => initiator.loginRequest('84', `InitiatorName=${INITIATOR}`, `TargetName=${target.name}`),
    0x0200,
  ],
  ['a stage that does not exist', (initiator) => initiator.loginRequest('8b', `InitiatorName=${INITIATOR}`), 0x0200],
  ['transit and more text at once', (initiator) => initiator.loginRequest('c7', `InitiatorName=${INITIATOR}`), 0x0200],
  [
    'a session handle that no session has',
    (initiator, target) =>
      initiator.send(
        { 0: '43', 1: '87', 8: ISID, 14: '0009' },
        text(`InitiatorName=${INITIATOR}`, `TargetName=${target.name}`),
      ),
    0x020a,
  ],
];
for (const [name, attempt, status] of MALFORMED) {
  test(`${name}: status ${status.toString(16)}`, () => {
    const target = open();
    const initiator = new TestInitiator(directoryOf(target));
    attempt(initiator, target);
    assert.is(statusOf(initiator.wait(1)[0]), status);
    assert.is(initiator.outlet.state, 'ended');
  });
}

const DROPPED: [string, (initiator: TestInitiator) => void][] = [
  ['a command before the login', (initiator) => initiator.send({ 0: '01' })],
  ['text without its terminator', (initiator) => initiator.send({ 0: '43', 1: '87' }, Buffer.from('InitiatorName=x'))],
  ['an empty text that is continued', (initiator) => initiator.loginRequest('44')],
  ['a data segment over 8192 bytes', (initiator) => initiator.connection.push(pduBytes({ 0: '43', 5: '002004' }), 1)],
  ['a login that takes too long', (initiator) => initiator.wait(LIMITS.login_ms / 1_000 + 1)],
  [
    'a login without an end',
    (initiator) => {
      initiator.loginRequest('04', `InitiatorName=${INITIATOR}`, 'TargetName=iqn.2026-11.test:open');
      for (let count = 0; count < LIMITS.loginRequests; count++) initiator.loginRequest('04');
    },
  ],
];
for (const [name, attempt] of DROPPED) {
  test(`drops ${name}`, () => {
    const initiator = new TestInitiator(directoryOf(open()));
    attempt(initiator);
    assert.is(initiator.outlet.state, 'destroyed');
    assert.is(initiator.events.at(-1)?.event, 'connection-dropped');
  });
}

test('text in several requests', () => {
  const target = open();
  const initiator = new TestInitiator(directoryOf(target));
  const [first] = initiator.send(
    { 0: '43', 1: '44', 8: ISID, 16: field(1, 4) },
    Buffer.from(`InitiatorName=${INITIATOR}\0Target`),
  );
  assert.is(first?.data.length, 0);
  assert.is(first?.flags, 0x04);
  const [last] = initiator.send({ 0: '43', 1: '87', 8: ISID, 16: field(1, 4) }, Buffer.from(`Name=${target.name}\0`));
  assert.is(last?.flags, 0x87);
});

test('secrets are in no event', () => {
  const target = guarded();
  const initiator = new TestInitiator(directoryOf(target));
  const challenge = challengeOf(initiator, toGuarded(target));
  initiator.loginRequest('81', 'CHAP_N=alpha', `CHAP_R=${hex(chapResponse(challenge, SECRETS.chap.secret))}`);
  initiator.loginRequest('87');
  const told = JSON.stringify(initiator.events);
  assert.match(told, '"event":"login"');
  for (const secret of [SECRETS.chap.secret, SECRETS.mutualChap.secret]) assert.not.match(told, secret);
});

function discovery(directory: TargetDirectory): TestInitiator {
  const initiator = new TestInitiator(directory);
  initiator.loginRequest('87', `InitiatorName=${INITIATOR}`, 'SessionType=Discovery');
  return initiator;
}

function sendTargets(initiator: TestInitiator, value: string): string {
  const fields = { 0: '04', 1: '80', 16: field(5, 4), 20: 'ffffffff', 24: field(initiator.cmdSn++, 4) };
  const [response] = initiator.send(fields, text(`SendTargets=${value}`));
  assert.is(response?.opcode, 0x24);
  return response?.data.toString() ?? '';
}

test('SendTargets', () => {
  const target = open();
  const all = `TargetName=${target.name}\0TargetAddress=10.0.0.1:3260,1\0`;
  const initiator = discovery(directoryOf(target));
  assert.is(sendTargets(initiator, 'All'), all);
  assert.is(sendTargets(initiator, target.name), all);
  assert.is(sendTargets(initiator, 'iqn.2026-11.test:other'), '');
});

test('SendTargets of a target that has moved names the other portal', () => {
  const target = open();
  target.redirect = '10.0.0.9:3260';
  const initiator = discovery(directoryOf(target));
  assert.is(sendTargets(initiator, 'All'), `TargetName=${target.name}\0TargetAddress=10.0.0.9:3260,1\0`);
});

test('an initiator sees only its own target', () => {
  const target = open();
  const initiator = discovery({ authenticationRequired: false, find: () => target, visibleTo: () => undefined });
  assert.is(sendTargets(initiator, 'All'), '');
  assert.is(sendTargets(initiator, target.name), '');
});

test('a discovery session takes no commands, and is no sign of life', () => {
  const target = open();
  const initiator = discovery(directoryOf(target));
  const [response] = initiator.command({ tag: 1, flags: 'c0', cdb: '00' });
  assert.is(response?.opcode, 0x3f);
  assert.is(target.lastPduAt, null);
  assert.is(target.sessions.size, 0);
});

test.run();
