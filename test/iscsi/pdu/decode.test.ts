import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Frame } from '../../../src/iscsi/framer.ts';
import { decode } from '../../../src/iscsi/pdu/decode.ts';

const test = suite('decode');

interface Row {
  name: string;
  /** Annotated: everything after `#` in a line is for the reader. */
  header: string;
  additional?: string;
  data?: string;
  pdu: object;
}

const ROWS: Row[] = [
  {
    name: 'SCSI Command: WRITE(10) with immediate data',
    header: `
      01 a1 00 00 00 00 00 04  # F W, simple
      00 01 00 00 00 00 00 00  # LUN 1
      00 00 00 07 00 00 10 00  # tag, expected length
      00 00 00 05 00 00 00 09  # CmdSN, ExpStatSN
      2a 00 00 00 00 08 00 00 08 00 00 00 00 00 00 00`,
    data: 'aabbccdd',
    pdu: {
      kind: 'scsi-command',
      immediate: false,
      final: true,
      read: false,
      write: true,
      lun: 1,
      initiatorTaskTag: 7,
      expectedLength_bytes: 4096,
      cmdSn: 5,
      expStatSn: 9,
      cdb: Buffer.from('2a000000000800000800000000000000', 'hex'),
      data: [Buffer.from('aabbccdd', 'hex')],
      dataLength_bytes: 4,
    },
  },
  {
    name: 'SCSI Command: immediate, flat addressing, a CDB of 20 bytes',
    header: `
      41 c0 00 00 02 00 00 00  # I; F R; two words of additional headers
      40 05 00 00 00 00 00 00  # LUN 5, flat
      ff ff ff fe 00 00 00 00
      00 00 00 01 00 00 00 02
      7f 00 00 00 00 00 00 0c 00 00 00 00 00 00 00 00`,
    additional: '00 05 01 00 11 22 33 44',
    pdu: {
      kind: 'scsi-command',
      immediate: true,
      final: true,
      read: true,
      write: false,
      lun: 5,
      initiatorTaskTag: 0xfffffffe,
      expectedLength_bytes: 0,
      cmdSn: 1,
      expStatSn: 2,
      cdb: Buffer.from('7f0000000000000c000000000000000011223344', 'hex'),
      data: [],
      dataLength_bytes: 0,
    },
  },
  {
    name: 'SCSI Command: a LUN with a second level is no unit of ours',
    header: `01 80 00 00 00 00 00 00 00 01 00 02 00 00 00 00 ${'00 '.repeat(32)}`,
    pdu: {
      kind: 'scsi-command',
      immediate: false,
      final: true,
      read: false,
      write: false,
      lun: undefined,
      initiatorTaskTag: 0,
      expectedLength_bytes: 0,
      cmdSn: 0,
      expStatSn: 0,
      cdb: Buffer.alloc(16),
      data: [],
      dataLength_bytes: 0,
    },
  },
  {
    name: 'Data-Out',
    header: `
      05 80 00 00 00 00 00 02  00 01 00 00 00 00 00 00
      00 00 00 07 00 00 00 03  # tag, transfer tag
      00 00 00 00 00 00 00 0a  # reserved, ExpStatSN
      00 00 00 00 00 00 00 04  # reserved, DataSN
      00 00 20 00 00 00 00 00  # buffer offset`,
    data: '0102',
    pdu: {
      kind: 'data-out',
      final: true,
      initiatorTaskTag: 7,
      targetTransferTag: 3,
      expStatSn: 10,
      dataSn: 4,
      bufferOffset_bytes: 8192,
      data: [Buffer.from('0102', 'hex')],
      dataLength_bytes: 2,
    },
  },
  {
    name: 'NOP-Out that answers a ping',
    header: `
      40 80 00 00 00 00 00 00  00 01 00 00 00 00 00 00
      ff ff ff ff 00 00 00 02  00 00 00 06 00 00 00 07 ${'00 '.repeat(16)}`,
    pdu: {
      kind: 'nop-out',
      immediate: true,
      initiatorTaskTag: 0xffffffff,
      targetTransferTag: 2,
      cmdSn: 6,
      expStatSn: 7,
      data: [],
      dataLength_bytes: 0,
    },
  },
  {
    name: 'Task Management: LUN RESET',
    header: `
      42 85 00 00 00 00 00 00  00 01 00 00 00 00 00 00
      00 00 00 09 ff ff ff ff  00 00 00 06 00 00 00 07
      00 00 00 05 00 00 00 00  00 00 00 00 00 00 00 00`,
    pdu: {
      kind: 'task-management-request',
      immediate: true,
      function: 5,
      lun: 1,
      initiatorTaskTag: 9,
      referencedTaskTag: 0xffffffff,
      cmdSn: 6,
      expStatSn: 7,
      refCmdSn: 5,
    },
  },
  {
    name: 'Login Request: security to operational, transit',
    header: `
      43 81 00 00 00 00 00 04  # T, CSG 0, NSG 1; versions 0
      40 00 01 37 00 00 00 02  # ISID, TSIH
      00 00 00 01 00 03 00 00  # tag, CID
      00 00 00 04 00 00 00 05 ${'00 '.repeat(16)}`,
    data: '413d3100',
    pdu: {
      kind: 'login-request',
      transit: true,
      continues: false,
      currentStage: 0,
      nextStage: 1,
      versionMin: 0,
      isid: '400001370000',
      tsih: 2,
      initiatorTaskTag: 1,
      cid: 3,
      cmdSn: 4,
      expStatSn: 5,
      data: [Buffer.from('A=1\0')],
      dataLength_bytes: 4,
    },
  },
  {
    name: 'Text Request that goes on',
    header: `
      04 40 00 00 00 00 00 04  00 00 00 00 00 00 00 00
      00 00 00 0b ff ff ff ff  00 00 00 06 00 00 00 07 ${'00 '.repeat(16)}`,
    data: '413d3100',
    pdu: {
      kind: 'text-request',
      immediate: false,
      final: false,
      continues: true,
      initiatorTaskTag: 11,
      targetTransferTag: 0xffffffff,
      cmdSn: 6,
      expStatSn: 7,
      data: [Buffer.from('A=1\0')],
      dataLength_bytes: 4,
    },
  },
  {
    name: 'Logout Request: close the connection',
    header: `
      46 81 00 00 00 00 00 00  00 00 00 00 00 00 00 00
      00 00 00 0c 00 02 00 00  00 00 00 06 00 00 00 07 ${'00 '.repeat(16)}`,
    pdu: { kind: 'logout-request', immediate: true, reason: 1, initiatorTaskTag: 12, cid: 2, cmdSn: 6, expStatSn: 7 },
  },
  { name: 'SNACK', header: `10 ${'00 '.repeat(47)}`, pdu: { kind: 'unsupported', snack: true } },
  { name: 'an opcode of targets', header: `25 ${'00 '.repeat(47)}`, pdu: { kind: 'unsupported', snack: false } },
  { name: 'a vendor-specific opcode', header: `1c ${'00 '.repeat(47)}`, pdu: { kind: 'unsupported', snack: false } },
];

function bytes(annotated: string): Buffer {
  return Buffer.from(annotated.replaceAll(/#.*/g, '').replaceAll(/\s/g, ''), 'hex');
}

for (const { name, header, additional = '', data = '', pdu } of ROWS) {
  test(name, () => {
    assert.is(bytes(header).length, 48);
    const segment = bytes(data);
    const frame: Frame = {
      header: bytes(header),
      additionalHeader: bytes(additional),
      data: segment.length > 0 ? [segment] : [],
      dataLength_bytes: segment.length,
    };
    assert.equal(decode(frame), pdu);
  });
}

test('never throws, whatever the bytes are', () => {
  for (let opcode = 0; opcode < 256; opcode++) {
    const header = Buffer.alloc(48, 0xff);
    header[0] = opcode;
    for (const additionalHeader of [Buffer.alloc(0), Buffer.from('ffff01ff', 'hex'), Buffer.alloc(1020, 0xff)]) {
      assert.ok(decode({ header, additionalHeader, data: [], dataLength_bytes: 0 }).kind);
    }
  }
});

test.run();
