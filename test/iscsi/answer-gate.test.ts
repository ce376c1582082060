import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnswerGate } from '../../src/iscsi/answer-gate.ts';
import { LOGIN_STATUS } from '../../src/iscsi/pdu/login.ts';
import { Target } from '../../src/iscsi/target.ts';
import { field } from '../fixtures/iscsi/bytes.ts';
import { MemoryDisk } from '../fixtures/iscsi/memory-disk.ts';
import { directoryOf, INITIATOR, TestInitiator } from '../fixtures/iscsi/test-initiator.ts';

const test = suite('answers that wait until something is recorded');

/** Keeps what it is asked until the test says what comes of it. */
class HeldGate implements AnswerGate {
  readonly asked: unknown[][] = [];
  readonly logins: ((refusal?: number) => void)[] = [];
  readonly answers: ((answer: boolean) => void)[] = [];

  login(done: (refusal?: number) => void): void {
    this.asked.push(['login']);
    this.logins.push(done);
  }

  logout(done: (answer: boolean) => void): void {
    this.asked.push(['logout']);
    this.answers.push(done);
  }

  givingUp(lun: number | undefined, after: string, done: (answer: boolean) => void): void {
    this.asked.push([lun, after]);
    this.answers.push(done);
  }
}

function setUp() {
  const disk = new MemoryDisk(16);
  const target = new Target({ name: 'iqn.2026-11.test:disk', luns: [1], deviceServer: disk, fenced: false });
  const gate = new HeldGate();
  target.gate = gate;
  const initiator = new TestInitiator(directoryOf(target));
  return { disk, target, gate, initiator };
}

function loggedIn() {
  const world = setUp();
  world.initiator.login(world.target, 'InitialR2T=No');
  world.gate.logins[0]?.();
  world.initiator.take();
  world.gate.asked.length = 0;
  return world;
}

/** SYNCHRONIZE CACHE, which this disk refuses: ILLEGAL REQUEST. */
const FLUSH = '35 00 00000000 00 0000 00';
const LOGOUT = { 0: '46', 1: '80', 16: field(9, 4), 20: field(1, 4) };
const LOGIN_RESPONSE = 0x23;

test('a login is answered once it is recorded', () => {
  const { target, gate, initiator } = setUp();
  const before = initiator.login(target);
  assert.equal([gate.asked, target.sessions.size, target.lastPduAt], [[['login']], 0, null]);
  assert.not.ok(
    before?.some(({ header }) => ((header[1] as number) & 0x83) === 0x83),
    'it is in full feature phase',
  );
  gate.logins[0]?.();
  assert.equal([initiator.take().length, target.sessions.size], [1, 1]);
  assert.equal([target.lastPduAt, target.lastSignAt], [null, initiator.now], 'its answer may get lost');
});

test('a login that is not to be is refused, and heard', () => {
  const { target, gate, initiator } = setUp();
  initiator.login(target);
  gate.logins[0]?.(LOGIN_STATUS.targetRemoved);
  const [response] = initiator.wait(1);
  assert.equal([response?.opcode, response?.header.readUInt16BE(36)], [LOGIN_RESPONSE, LOGIN_STATUS.targetRemoved]);
  assert.equal([target.sessions.size, target.lastPduAt, target.lastSignAt], [0, null, initiator.now - 1_000]);
});

test('one whose connection has gone in the meantime begins no session', () => {
  const { target, gate, initiator } = setUp();
  initiator.login(target);
  initiator.connection.closed();
  gate.logins[0]?.();
  assert.is(target.sessions.size, 0);
});

test('such a login replaces no session', () => {
  const { target, gate } = loggedIn();
  const second = new TestInitiator(directoryOf(target));
  second.login(target);
  second.connection.closed();
  gate.logins[1]?.();
  assert.is(target.sessions.size, 1);
});

test('one whose target was fenced in the meantime is refused', () => {
  const { target, gate, initiator } = setUp();
  initiator.login(target);
  target.fenced = true;
  gate.logins[0]?.();
  assert.is(initiator.wait(1)[0]?.header.readUInt16BE(36), LOGIN_STATUS.targetRemoved);
});

test('a discovery session asks nobody, and is a sign of life only', () => {
  const { target, gate, initiator } = setUp();
  initiator.loginRequest('87', `InitiatorName=${INITIATOR}`, 'SessionType=Discovery');
  assert.is(target.lastSignAt, initiator.now);
  initiator.now += 500;
  initiator.send({ 0: '40', 1: '80', 16: field(3, 4), 20: 'ffffffff', 24: field(initiator.cmdSn, 4) });
  assert.equal([gate.asked, target.lastPduAt, target.lastSignAt], [[], null, initiator.now]);
});

test('an error is answered once it is recorded; what comes after it does not wait', () => {
  const { gate, initiator } = loggedIn();
  assert.equal(initiator.command({ tag: 7, flags: '80', cdb: FLUSH }), []);
  assert.equal(gate.asked, [[1, 'write']]);
  assert.is(initiator.command({ tag: 8, flags: '80', cdb: '00' })[0]?.header[3], 0);
  gate.answers[0]?.(true);
  const [response] = initiator.take();
  assert.equal([response?.initiatorTaskTag, response?.header[3]], [7, 2]);
});

test('nor does what cannot cost the initiator its leg', () => {
  const { gate, initiator } = loggedIn();
  initiator.command({ tag: 7, flags: 'c0', cdb: '28 00 00000000 00 0001 00', length: 512 });
  initiator.command({ tag: 8, flags: 'c0', cdb: '1a 00 3f 00 ff 00', length: 255 });
  assert.equal(gate.asked, []);
});

test('an error of the transport is one, too', () => {
  const { gate, initiator } = loggedIn();
  const data = Buffer.alloc(512);
  // Data with a command that is not a write.
  initiator.command({ tag: 7, flags: '80', cdb: FLUSH, data });
  assert.equal(gate.asked, [[1, 'write']]);
});

test('an error that is not answered ends the session with the next tick, and not before', () => {
  const { target, gate, initiator } = loggedIn();
  initiator.command({ tag: 7, flags: '80', cdb: FLUSH });
  gate.answers[0]?.(false);
  assert.equal([initiator.take(), target.sessions.size], [[], 1]);
  assert.equal([initiator.wait(1), target.sessions.size], [[], 0]);
});

test('a session does not end before what it has to record is', () => {
  const { target, gate, initiator } = loggedIn();
  initiator.command({ tag: 7, flags: '80', cdb: FLUSH });
  let ended = false;
  target.sessions.endAll('fenced', () => {
    ended = true;
  });
  assert.not.ok(ended);
  gate.answers[0]?.(true);
  assert.equal([ended, initiator.take()], [true, []]);
});

test('a Logout is answered once it is recorded', () => {
  const { target, gate, initiator } = loggedIn();
  assert.equal([initiator.send(LOGOUT), gate.asked], [[], [['logout']]]);
  gate.answers[0]?.(true);
  assert.equal([initiator.take().map(({ opcode }) => opcode), target.sessions.size], [[0x26], 0]);
});

test('a Logout that is not recorded is not answered', () => {
  const { target, gate, initiator } = loggedIn();
  initiator.send(LOGOUT);
  gate.answers[0]?.(false);
  assert.equal([initiator.take(), target.sessions.size], [[], 0]);
});

for (const [name, functionCode, lun] of [
  ['an abort', '81', 1],
  ['a reset of the LUN', '85', 1],
] as const) {
  test(`${name} is answered once it is recorded`, () => {
    const { gate, initiator } = loggedIn();
    const request = { 0: '42', 1: functionCode, 8: field(lun, 2), 16: field(9, 4), 20: field(7, 4), 24: field(1, 4) };
    assert.equal([initiator.send(request), gate.asked], [[], [[1, 'reset']]]);
    gate.answers[0]?.(true);
    assert.equal(
      initiator.take().map(({ opcode }) => opcode),
      [0x22],
    );
  });
}

test.run();
