import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeDroppingSession, encodeLogoutRequested } from '../../../src/iscsi/pdu/async-message.ts';
import { encodeDataIn } from '../../../src/iscsi/pdu/data-in.ts';
import { encodeLoginResponse } from '../../../src/iscsi/pdu/login.ts';
import { encodeLogoutResponse } from '../../../src/iscsi/pdu/logout.ts';
import { encodeNopInAnswer, encodeNopInPing } from '../../../src/iscsi/pdu/nop.ts';
import { type OutgoingPdu, writeNumbering } from '../../../src/iscsi/pdu/outgoing.ts';
import { encodeR2t } from '../../../src/iscsi/pdu/r2t.ts';
import { encodeReject } from '../../../src/iscsi/pdu/reject.ts';
import { encodeScsiResponse } from '../../../src/iscsi/pdu/scsi-response.ts';
import { encodeTaskManagementResponse } from '../../../src/iscsi/pdu/task-management.ts';
import { encodeTextResponse } from '../../../src/iscsi/pdu/text.ts';

const test = suite('encode');

// Numbering is StatSN 0x11, ExpCmdSN 0x12, MaxCmdSN 0x13; the writer fills in lengths, so they are 0 here.
const NUMBERING = '00000011 00000012 00000013';

const ROWS: [name: string, pdu: OutgoingPdu, header: string, data: string][] = [
  [
    'SCSI Response with sense and underflow',
    encodeScsiResponse({
      initiatorTaskTag: 7,
      status: 2,
      sense: Buffer.from('7000', 'hex'),
      residual_bytes: 512,
      expDataSn: 3,
    }),
    `21 82 00 02 00000000 0000000000000000 00000007 00000000 ${NUMBERING} 00000003 00000000 00000200`,
    '0002 7000',
  ],
  [
    'SCSI Response with overflow',
    encodeScsiResponse({ initiatorTaskTag: 7, status: 0, sense: undefined, residual_bytes: -1, expDataSn: 0 }),
    `21 84 00 00 00000000 0000000000000000 00000007 00000000 ${NUMBERING} 00000000 00000000 00000001`,
    '',
  ],
  [
    'Data-In in the middle of a burst',
    encodeDataIn({
      initiatorTaskTag: 7,
      final: false,
      dataSn: 2,
      bufferOffset_bytes: 8192,
      data: [Buffer.from('aabb', 'hex')],
      dataLength_bytes: 2,
      status: undefined,
    }),
    `25 00 00 00 00000000 0000000000000000 00000007 ffffffff ${NUMBERING} 00000002 00002000 00000000`,
    'aabb',
  ],
  [
    'Data-In that carries the status',
    encodeDataIn({
      initiatorTaskTag: 7,
      final: true,
      dataSn: 0,
      bufferOffset_bytes: 0,
      data: [Buffer.from('aa', 'hex'), Buffer.from('bb', 'hex')],
      dataLength_bytes: 2,
      status: { status: 0, residual_bytes: 6 },
    }),
    `25 83 00 00 00000000 0000000000000000 00000007 ffffffff ${NUMBERING} 00000000 00000000 00000006`,
    'aabb',
  ],
  [
    'R2T',
    encodeR2t({
      lun: 1,
      initiatorTaskTag: 7,
      targetTransferTag: 5,
      r2tSn: 1,
      bufferOffset_bytes: 65536,
      desiredLength_bytes: 4096,
    }),
    `31 80 00 00 00000000 0001000000000000 00000007 00000005 ${NUMBERING} 00000001 00010000 00001000`,
    '',
  ],
  [
    'NOP-In that answers',
    encodeNopInAnswer(7, Buffer.from('ping')),
    `20 80 00 00 00000000 0000000000000000 00000007 ffffffff ${NUMBERING} 00000000 00000000 00000000`,
    '70696e67',
  ],
  [
    'NOP-In that pings',
    encodeNopInPing(9, 1),
    `20 80 00 00 00000000 0001000000000000 ffffffff 00000009 ${NUMBERING} 00000000 00000000 00000000`,
    '',
  ],
  [
    'Task Management Response: not supported',
    encodeTaskManagementResponse(7, 5),
    `22 80 05 00 00000000 0000000000000000 00000007 00000000 ${NUMBERING} 00000000 00000000 00000000`,
    '',
  ],
  [
    'Login Response: operational to full feature',
    encodeLoginResponse({
      transit: true,
      currentStage: 1,
      nextStage: 3,
      isid: '400001370000',
      tsih: 2,
      initiatorTaskTag: 1,
      status: 0,
      data: Buffer.from('A=1\0'),
    }),
    `23 87 00 00 00000000 400001370000 0002 00000001 00000000 ${NUMBERING} 0000 0000 00000000 00000000`,
    '413d3100',
  ],
  [
    'Login Response: the target is removed',
    encodeLoginResponse({
      transit: false,
      currentStage: 0,
      nextStage: 1,
      isid: '400001370000',
      tsih: 0,
      initiatorTaskTag: 1,
      status: 0x0204,
      data: Buffer.alloc(0),
    }),
    `23 00 00 00 00000000 400001370000 0000 00000001 00000000 ${NUMBERING} 0204 0000 00000000 00000000`,
    '',
  ],
  [
    'Text Response that goes on',
    encodeTextResponse({
      final: false,
      continues: true,
      initiatorTaskTag: 7,
      targetTransferTag: 1,
      data: Buffer.from('A=1\0'),
    }),
    `24 40 00 00 00000000 0000000000000000 00000007 00000001 ${NUMBERING} 00000000 00000000 00000000`,
    '413d3100',
  ],
  [
    'Logout Response',
    encodeLogoutResponse(7, 2),
    `26 80 02 00 00000000 0000000000000000 00000007 00000000 ${NUMBERING} 00000000 00000000 00000000`,
    '',
  ],
  [
    'Reject',
    encodeReject(9, Buffer.alloc(48, 0xab)),
    `3f 80 09 00 00000000 0000000000000000 ffffffff 00000000 ${NUMBERING} 00000000 00000000 00000000`,
    'ab'.repeat(48),
  ],
  [
    'Asynchronous Message: a logout is requested within 2 s',
    encodeLogoutRequested(2),
    `32 80 00 00 00000000 0000000000000000 ffffffff 00000000 ${NUMBERING} 01 00 0000 0000 0002 00000000`,
    '',
  ],
  [
    'Asynchronous Message: the session is dropped, come back in 2 s',
    encodeDroppingSession(2),
    `32 80 00 00 00000000 0000000000000000 ffffffff 00000000 ${NUMBERING} 03 00 0000 0002 0000 00000000`,
    '',
  ],
];

for (const [name, pdu, header, data] of ROWS) {
  test(name, () => {
    writeNumbering(pdu.header, { statSn: 0x11, expCmdSn: 0x12, maxCmdSn: 0x13 });
    assert.is(pdu.header.toString('hex'), header.replaceAll(' ', ''));
    assert.is(Buffer.concat(pdu.data).toString('hex'), data.replaceAll(' ', ''));
    assert.is(pdu.dataLength_bytes, data.replaceAll(' ', '').length / 2);
  });
}

test.run();
