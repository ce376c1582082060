/** What the versions of libiscsi's conformance suite after 1.19.0 check, by the names that it gives to its tests. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chapResponse } from '../../src/iscsi/chap.ts';
import { Target } from '../../src/iscsi/target.ts';
import { decodeTextKeys } from '../../src/iscsi/text-keys.ts';
import { field, text } from '../fixtures/iscsi/bytes.ts';
import { openDiskSession, outcome } from '../fixtures/iscsi/disk-session.ts';
import { MemoryDisk } from '../fixtures/iscsi/memory-disk.ts';
import { directoryOf, INITIATOR, type Response, TestInitiator } from '../fixtures/iscsi/test-initiator.ts';

const BLOCK_BYTES = 512;

const test = suite('later versions of the conformance suite');

function ask(initiator: TestInitiator, ...pairs: string[]): string {
  const fields = { 0: '44', 1: '80', 16: field(5, 4), 20: 'ffffffff', 24: field(initiator.cmdSn, 4) };
  const [response] = initiator.send(fields, text(...pairs));
  return response === undefined ? 'no response' : `${response.opcode.toString(16)} ${response.data}`;
}

test('iSCSISendTargets.Simple: a normal session gets its own target, and nothing for All', () => {
  const { target, initiator } = openDiskSession('targets');
  const own = `24 TargetName=${target.name}\0TargetAddress=10.0.0.1:3260,1\0`;
  assert.is(ask(initiator, 'SendTargets='), own);
  assert.is(ask(initiator, `SendTargets=${target.name}`), own);
  // The suite wants an answer; RFC 7143, appendix C: All "MUST NOT be supported on an operational session".
  assert.is(ask(initiator, 'SendTargets=All'), '24 SendTargets=Reject\0');
});

test('iSCSISendTargets.Invalid: neither another key nor another value gives anything away', () => {
  const { initiator } = openDiskSession('targets');
  assert.is(ask(initiator, 'SendTargetsPlease=All'), '24 SendTargetsPlease=NotUnderstood\0');
  assert.is(ask(initiator, 'SendTargets=Alle'), '24 SendTargets=Reject\0');
  assert.is(ask(initiator, 'SendTargets=A'), '24 SendTargets=Reject\0');
  assert.is(outcome(initiator.command({ tag: 1, flags: '80', cdb: '00' })[0]), 'good');
  // Keys begin with a capital letter (RFC 7143 §6.1): this is no text.
  assert.is(ask(initiator, 'sENDtARGETS=aLL'), 'no response');
  assert.is(initiator.outlet.state, 'destroyed');
});

test('iSCSINop.Simple: with data, and without', () => {
  const { initiator } = openDiskSession('nop');
  for (const data of [Buffer.from('nopping\0'), Buffer.alloc(0)]) {
    const fields = { 0: '40', 1: '80', 16: field(9, 4), 20: 'ffffffff', 24: field(initiator.cmdSn, 4) };
    const [response] = initiator.send(fields, data);
    assert.is(response?.opcode, 0x20);
    assert.is(response?.initiatorTaskTag, 9);
    assert.equal(response?.data, data);
  }
});

interface Challenge {
  initiator: TestInitiator;
  answer: Record<string, string>;
  response: Buffer;
}

/** A login up to the challenge, or the response instead of it. */
function challenged(user: string, algorithms: string): Challenge | undefined {
  const chap = { user, secret: 'a secret of sixteen' };
  const name = 'iqn.2026-11.test:guarded';
  const target = new Target({ name, luns: [1], deviceServer: new MemoryDisk(8), fenced: false, chap });
  const initiator = new TestInitiator(directoryOf(target));
  initiator.loginRequest('81', `InitiatorName=${INITIATOR}`, `TargetName=${name}`, 'AuthMethod=CHAP');
  const [response] = [...initiator.loginRequest('00', `CHAP_A=${algorithms}`), ...initiator.wait(1)];
  if (response === undefined || statusOf(response) !== 0) return undefined;
  const answer = Object.fromEntries(decodeTextKeys(response.data));
  const value = Buffer.from((answer.CHAP_C ?? '').slice(2), 'hex');
  return { initiator, answer, response: chapResponse({ identifier: Number(answer.CHAP_I), value }, chap.secret) };
}

function statusOf(response: Response | undefined): number | undefined {
  return response?.header.readUInt16BE(36);
}

function finish(initiator: TestInitiator, user: string, response: string): number | undefined {
  return statusOf([...initiator.loginRequest('81', `CHAP_N=${user}`, `CHAP_R=${response}`), ...initiator.wait(1)][0]);
}

test('iSCSICHAP.Simple: MD5 among several algorithms', () => {
  const challenge = challenged('alpha', '5,6,7,8');
  assert.is(challenge?.answer.CHAP_A, '5');
  assert.is(challenge && finish(challenge.initiator, 'alpha', `0x${challenge.response.toString('hex')}`), 0);
});

test('iSCSICHAP.Invalid: neither 56 nor nothing is MD5', () => {
  assert.is(challenged('alpha', '56'), undefined);
  assert.is(challenged('alpha', ''), undefined);
});

for (const user of ['0xalpha', '0balpha']) {
  test(`iSCSICHAP.HexName, Base64Name: the name ${user} is a name`, () => {
    const challenge = challenged(user, '5');
    assert.is(challenge && finish(challenge.initiator, user, `0x${challenge.response.toString('hex')}`), 0);
  });
}

test('iSCSICHAP.Base64', () => {
  const challenge = challenged('alpha', '5');
  assert.is(challenge && finish(challenge.initiator, 'alpha', `0b${challenge.response.toString('base64')}`), 0);
});

test('iSCSICHAP.Base64Oversize: the right response after twelve bytes more is a wrong one', () => {
  const challenge = challenged('alpha', '5');
  const oversize = Buffer.concat([Buffer.from('oversized...'), challenge?.response ?? Buffer.alloc(0)]);
  assert.is(challenge && finish(challenge.initiator, 'alpha', `0b${oversize.toString('base64')}`), 0x0201);
});

test('iSCSICHAP.Base64Oversize: a response over every bound ends the login', () => {
  const challenge = challenged('alpha', '5');
  const value = `0b${Buffer.alloc(1_400, 1).toString('base64')}`;
  assert.is(challenge && finish(challenge.initiator, 'alpha', value), 0x0201);
});

test('ReportLUNs.Simple: each LUN once, and the full length whatever the allocation length', () => {
  const { initiator } = openDiskSession('luns');
  const [all] = initiator.command({
    tag: 1,
    flags: 'c0',
    cdb: 'a0 00 00 000000 00000200 00 00',
    length: 512,
    lun: '0000',
  });
  assert.is(all?.data.readUInt32BE(0), (all?.data.length ?? 0) - 8);
  const luns = Array.from({ length: ((all?.data.length ?? 0) - 8) / 8 }, (_, at) =>
    all?.data.toString('hex', 8 + 8 * at, 16 + 8 * at),
  );
  assert.is(new Set(luns).size, luns.length);
  assert.ok(luns.includes('0001000000000000'));
  const [cut] = initiator.command({ tag: 2, flags: 'c0', cdb: 'a0 00 00 000000 00000010 00 00', length: 16 });
  assert.is(cut?.data.length, 16);
  assert.is(cut?.data.readUInt32BE(0), all?.data.readUInt32BE(0));
});

test('ReportTargetPortGroups.Simple, AllocLength', () => {
  const { initiator } = openDiskSession('groups');
  const report = (length: number): Buffer | undefined => {
    const cdb = `a3 0a 00000000 ${field(length, 4)} 00 00`;
    return initiator.command({ tag: 1, flags: 'c0', cdb, length: 512 })[0]?.data;
  };
  const all = report(512) as Buffer;
  assert.is(all.readUInt32BE(0), all.length - 4);
  // One group, active and optimized, with one port: that of the device identification page.
  assert.is(all.length, 4 + 8 + 4);
  assert.is((all[4] as number) & 0x0f, 0);
  assert.is(all.readUInt16BE(6), 1);
  assert.is(all[11], 1);
  assert.is(all.readUInt16BE(14), 1);
  for (const length of [4, 8, 12]) assert.equal(report(length), all.subarray(0, length));
});

test('Inquiry.VPDPageCodesSorted', () => {
  const { initiator } = openDiskSession('pages');
  const [response] = initiator.command({ tag: 1, flags: 'c0', cdb: '12 01 00 00 ff 00', length: 255 });
  const codes = [...(response?.data.subarray(4) ?? [])];
  assert.ok(codes.length > 1);
  assert.equal(
    codes,
    codes.toSorted((a, b) => a - b),
  );
});

test('CompareAndWrite.MiscompareSense: the offset of the first wrong byte, each of them', () => {
  const { initiator } = openDiskSession('miscompare');
  const found = Buffer.alloc(BLOCK_BYTES, 'B');
  initiator.command({ tag: 1, flags: 'a0', cdb: '2a 00 00000000 00 0001 00', length: BLOCK_BYTES, data: found });
  for (let offset = 0; offset < BLOCK_BYTES; offset++) {
    const data = Buffer.concat([found, Buffer.alloc(BLOCK_BYTES, 'C')]);
    data[offset] = 0x5a;
    const cdb = '89 00 0000000000000000 000000 01 00 00';
    const [response] = initiator.command({ tag: 2, flags: 'a0', cdb, length: data.length, data });
    assert.is(outcome(response), `e 1d00 lba ${offset}`);
  }
  const [read] = initiator.command({ tag: 3, flags: 'c0', cdb: '28 00 00000000 00 0001 00', length: BLOCK_BYTES });
  assert.equal(read?.data, found);
});

test('iSCSITMF.LogoutDuringIOAsync: every outstanding write is answered, and the logout last', () => {
  const { store, initiator } = openDiskSession('logout');
  store.break('write', { kind: 'stuck' });
  const cdb = (lba: number): string => `2a 00 ${field(lba, 4)} 00 0001 00`;
  for (let lba = 0; lba < 8; lba++) {
    const data = Buffer.alloc(BLOCK_BYTES, lba + 1);
    assert.equal(initiator.command({ tag: lba, flags: 'a0', cdb: cdb(lba), length: BLOCK_BYTES, data }), []);
  }
  assert.equal(initiator.send({ 0: '46', 1: '80', 16: field(99, 4), 24: field(initiator.cmdSn, 4) }), []);
  store.heal();
  const responses = initiator.take();
  assert.equal(
    responses.map(({ opcode }) => opcode),
    [...Array(8).fill(0x21), 0x26],
  );
  for (const response of responses.slice(0, 8)) assert.is(outcome(response), 'good');
  assert.is(initiator.outlet.state, 'ended');
});

for (const [name, cdb] of [
  ['Write10Residuals', '2a 00 00000000 00 0001 00'],
  ['Write12Residuals', 'aa 00 00000000 00000001 00 00'],
  ['Write16Residuals', '8a 00 0000000000000000 00000001 00 00'],
]) {
  test(`iSCSIResiduals.${name}: 200 bytes of a block are written, and the residual tells of the others`, () => {
    const { initiator } = openDiskSession('residuals');
    const data = Buffer.alloc(200, 'b');
    const [response] = initiator.command({ tag: 1, flags: 'a0', cdb: cdb as string, length: 200, data });
    assert.is(outcome(response), 'good');
    assert.is((response?.flags ?? 0) & 0x06, 0x04);
    assert.is(response?.header.readUInt32BE(44), BLOCK_BYTES - 200);
    const [read] = initiator.command({ tag: 2, flags: 'c0', cdb: '28 00 00000000 00 0001 00', length: BLOCK_BYTES });
    assert.equal(read?.data, Buffer.concat([data, Buffer.alloc(BLOCK_BYTES - 200)]));
  });
}

test.run();
