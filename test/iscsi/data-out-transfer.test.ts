import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DataOutTransfer } from '../../src/iscsi/data-out-transfer.ts';
import { defaultParameters, type Parameters } from '../../src/iscsi/negotiation.ts';
import type { DataOut } from '../../src/iscsi/pdu/data-out.ts';
import type { ScsiCommand } from '../../src/iscsi/pdu/scsi-command.ts';
import { TRANSPORT_SENSE } from '../../src/iscsi/transport-sense.ts';

const test = suite('DataOutTransfer');

const UNSOLICITED = 0xffffffff;

function command(changes: { length: number; data?: Buffer; final?: boolean }): ScsiCommand {
  const data = changes.data ?? Buffer.alloc(0);
  return {
    kind: 'scsi-command',
    immediate: false,
    final: changes.final ?? true,
    read: false,
    write: true,
    lun: 1,
    initiatorTaskTag: 1,
    expectedLength_bytes: changes.length,
    cmdSn: 1,
    expStatSn: 1,
    cdb: Buffer.alloc(16),
    data: data.length > 0 ? [data] : [],
    dataLength_bytes: data.length,
  };
}

function dataOut(targetTransferTag: number, dataSn: number, offset: number, data: Buffer, final: boolean): DataOut {
  return {
    kind: 'data-out',
    final,
    initiatorTaskTag: 1,
    targetTransferTag,
    expStatSn: 1,
    dataSn,
    bufferOffset_bytes: offset,
    data: [data],
    dataLength_bytes: data.length,
  };
}

function transfer(
  of: ScsiCommand,
  changes: Partial<Parameters> = {},
  wanted = of.expectedLength_bytes,
): DataOutTransfer {
  return new DataOutTransfer(of, wanted, { ...defaultParameters(), initialR2t: false, ...changes });
}

let lastTag = 0;
const newTag = (): number => ++lastTag;

test('immediate data alone', () => {
  const write = command({ length: 4, data: Buffer.from('abcd') });
  const subject = transfer(write);
  assert.is(subject.begin(write), 'complete');
  assert.is(Buffer.concat(subject.data).toString(), 'abcd');
});

test('data that comes byte by byte lies in few pieces, in order, between large ones', () => {
  const large = Buffer.alloc(5_000, 'L');
  const write = command({ length: 90_000, data: Buffer.from('first'), final: false });
  const subject = transfer(write, { firstBurst_bytes: 262_144 });
  const expected = [Buffer.from('first')];
  subject.begin(write);
  let offset = 5;
  for (let dataSn = 0; dataSn < 40_000; dataSn++) {
    const data = dataSn === 20_000 ? large : Buffer.of(dataSn & 0xff);
    assert.is(subject.receive(dataOut(UNSOLICITED, dataSn, offset, data, false)), 'more');
    expected.push(Buffer.from(data));
    offset += data.length;
    data.fill(0);
  }
  assert.ok(subject.data.length < 10, `${subject.data.length} pieces`);
  const found = Buffer.concat(subject.data as Buffer[]);
  const wanted = Buffer.concat(expected);
  // The large piece is not copied: it is as it was left.
  wanted.fill(0, 5 + 20_000, 5 + 20_000 + 5_000);
  assert.ok(found.equals(wanted));
});

test('immediate, then unsolicited, then solicited data', () => {
  lastTag = 0;
  const write = command({ length: 16, data: Buffer.from('aaaa'), final: false });
  const subject = transfer(write, { firstBurst_bytes: 8, maxBurst_bytes: 4, maxOutstandingR2t: 1 });
  assert.is(subject.begin(write), 'more');
  assert.equal(subject.nextBursts(newTag), []);
  assert.is(subject.receive(dataOut(UNSOLICITED, 0, 4, Buffer.from('bb'), false)), 'more');
  assert.is(subject.receive(dataOut(UNSOLICITED, 1, 6, Buffer.from('bb'), true)), 'more');
  assert.equal(subject.nextBursts(newTag), [{ targetTransferTag: 1, r2tSn: 0, offset_bytes: 8, length_bytes: 4 }]);
  assert.equal(subject.nextBursts(newTag), []);
  assert.is(subject.receive(dataOut(1, 0, 8, Buffer.from('cccc'), true)), 'more');
  assert.equal(subject.nextBursts(newTag), [{ targetTransferTag: 2, r2tSn: 1, offset_bytes: 12, length_bytes: 4 }]);
  assert.is(subject.receive(dataOut(2, 0, 12, Buffer.from('dd'), false)), 'more');
  assert.is(subject.receive(dataOut(2, 1, 14, Buffer.from('dd'), true)), 'complete');
  assert.is(Buffer.concat(subject.data).toString(), 'aaaabbbbccccdddd');
  assert.is(subject.r2tCount, 2);
});

test('asks for several bursts at once where that was agreed', () => {
  lastTag = 0;
  const write = command({ length: 10 });
  const subject = transfer(write, { maxBurst_bytes: 4, maxOutstandingR2t: 8 });
  subject.begin(write);
  assert.equal(
    subject.nextBursts(newTag).map(({ offset_bytes, length_bytes }) => [offset_bytes, length_bytes]),
    [
      [0, 4],
      [4, 4],
      [8, 2],
    ],
  );
});

test('takes more than the command wants, and keeps no more', () => {
  const write = command({ length: 8, data: Buffer.from('abcdefgh') });
  const subject = transfer(write, {}, 3);
  assert.is(subject.begin(write), 'complete');
  assert.is(Buffer.concat(subject.data).toString(), 'abc');
  assert.is(subject.kept_bytes, 3);
});

test('waits for announced data even when the command wants none', () => {
  const write = command({ length: 8, final: false });
  const subject = transfer(write, {}, 0);
  assert.is(subject.begin(write), 'more');
  assert.is(subject.receive(dataOut(UNSOLICITED, 0, 0, Buffer.alloc(8), true)), 'complete');
  assert.is(subject.kept_bytes, 0);
});

const FORBIDDEN: [string, ScsiCommand, Partial<Parameters>][] = [
  ['immediate data without ImmediateData', command({ length: 4, data: Buffer.alloc(4) }), { immediateData: false }],
  ['announced data with InitialR2T', command({ length: 4, final: false }), { initialR2t: true }],
  ['more than the first burst', command({ length: 1024, data: Buffer.alloc(600) }), { firstBurst_bytes: 512 }],
  ['more than the expected length', command({ length: 4, data: Buffer.alloc(8) }), {}],
];
for (const [name, write, parameters] of FORBIDDEN) {
  test(`refuses ${name}`, () => {
    assert.is(transfer(write, parameters).begin(write), TRANSPORT_SENSE.unexpectedUnsolicitedData);
  });
}

function asked(): DataOutTransfer {
  lastTag = 0;
  const write = command({ length: 8 });
  const subject = transfer(write, { maxOutstandingR2t: 1 });
  subject.begin(write);
  subject.nextBursts(newTag);
  return subject;
}

const WRONG: [string, DataOut][] = [
  ['a tag of nobody', dataOut(9, 0, 0, Buffer.alloc(8), true)],
  ['a DataSN out of order', dataOut(1, 1, 0, Buffer.alloc(8), true)],
  ['a gap', dataOut(1, 0, 4, Buffer.alloc(4), true)],
  ['a wild offset', dataOut(1, 0, 0xffffff00, Buffer.alloc(8), true)],
  ['more than was asked for', dataOut(1, 0, 0, Buffer.alloc(9), true)],
  ['an end that comes too early', dataOut(1, 0, 0, Buffer.alloc(4), true)],
  ['an end that does not come', dataOut(1, 0, 0, Buffer.alloc(8), false)],
];
for (const [name, pdu] of WRONG) {
  test(`refuses ${name}`, () => assert.is(asked().receive(pdu), TRANSPORT_SENSE.incorrectAmountOfData));
}

test('refuses unsolicited data that was not announced', () => {
  const pdu = dataOut(UNSOLICITED, 0, 0, Buffer.alloc(4), true);
  assert.is(asked().receive(pdu), TRANSPORT_SENSE.unexpectedUnsolicitedData);
});

test.run();
