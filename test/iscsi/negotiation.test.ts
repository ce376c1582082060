import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultParameters, negotiate, type Parameters } from '../../src/iscsi/negotiation.ts';

const test = suite('negotiation');

// What is offered, what is answered (nothing: declared), and what holds then.
const ROWS: [string, string, string | undefined, Partial<Parameters>][] = [
  ['HeaderDigest', 'CRC32C,None', 'CRC32C', { headerDigest: true }],
  ['HeaderDigest', 'None,CRC32C', 'None', { headerDigest: false }],
  ['DataDigest', 'CRC32C', 'CRC32C', { dataDigest: true }],
  ['DataDigest', 'MD5', 'Reject', { dataDigest: false }],
  ['InitialR2T', 'No', 'No', { initialR2t: false }],
  ['InitialR2T', 'Yes', 'Yes', { initialR2t: true }],
  ['InitialR2T', 'Maybe', 'Reject', { initialR2t: true }],
  ['ImmediateData', 'No', 'No', { immediateData: false }],
  ['ImmediateData', 'Yes', 'Yes', { immediateData: true }],
  ['FirstBurstLength', '262144', '262144', { firstBurst_bytes: 262144, maxBurst_bytes: 262144 }],
  ['FirstBurstLength', '0x1000', '4096', { firstBurst_bytes: 4096 }],
  ['FirstBurstLength', '511', 'Reject', { firstBurst_bytes: 65536 }],
  ['MaxBurstLength', '16776192', '1048576', { maxBurst_bytes: 1048576 }],
  ['MaxBurstLength', '8192', '8192', { maxBurst_bytes: 8192, firstBurst_bytes: 8192 }],
  ['MaxBurstLength', '99999999999', 'Reject', { maxBurst_bytes: 262144 }],
  ['MaxRecvDataSegmentLength', '262144', undefined, { initiatorDataSegment_bytes: 262144 }],
  ['MaxRecvDataSegmentLength', '1', 'Reject', { initiatorDataSegment_bytes: 8192 }],
  ['MaxConnections', '8', '1', {}],
  ['MaxOutstandingR2T', '1', '1', { maxOutstandingR2t: 1 }],
  ['MaxOutstandingR2T', '64', '4', { maxOutstandingR2t: 4 }],
  ['ErrorRecoveryLevel', '2', '0', {}],
  ['DefaultTime2Wait', '2', '2', {}],
  ['DefaultTime2Retain', '20', '0', {}],
  ['DataPDUInOrder', 'No', 'Yes', {}],
  ['DataSequenceInOrder', 'No', 'Yes', {}],
  ['iSCSIProtocolLevel', '2', '1', {}],
  ['TaskReporting', 'FastAbort,RFC3720', 'RFC3720', {}],
  ['IFMarker', 'No', 'Reject', {}],
  ['OFMarkInt', '2048~65535', 'Reject', {}],
  ['X-com.example.speed', '11', 'NotUnderstood', {}],
  ['constructor', 'x', 'NotUnderstood', {}],
  ['X-answer', 'NotUnderstood', undefined, {}],
  ['InitiatorAlias', 'alpha', undefined, {}],
];

for (const [key, offer, expected, holds] of ROWS) {
  test(`${key}=${offer}`, () => {
    const parameters = defaultParameters();
    const answers = negotiate(new Map([[key, offer]]), parameters, 'normal');
    assert.equal(answers, expected === undefined ? [] : [[key, expected]]);
    for (const [name, value] of Object.entries(holds)) assert.is(parameters[name as keyof Parameters], value, name);
  });
}

test('a first burst over the longest one is refused', () => {
  const keys = new Map([
    ['FirstBurstLength', '65536'],
    ['MaxBurstLength', '512'],
  ]);
  assert.throws(() => negotiate(keys, defaultParameters(), 'normal'), /FirstBurstLength/);
});

test('keys of data transfer mean nothing in a discovery session', () => {
  const keys = new Map([
    ['InitialR2T', 'No'],
    ['HeaderDigest', 'None'],
  ]);
  assert.equal(negotiate(keys, defaultParameters(), 'discovery'), [
    ['InitialR2T', 'Irrelevant'],
    ['HeaderDigest', 'None'],
  ]);
});

test.run();
