import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mayGiveUp } from '../../src/scsi/may-give-up.ts';
import { encodeSense, SENSE, type Sense } from '../../src/scsi/sense.ts';
import { STATUS } from '../../src/scsi/task.ts';

const test = suite('results after which an initiator may give up a LUN');

const WRITE = '2a';
const OPCODES: Readonly<Record<string, 'read' | 'write' | undefined>> = {
  '0a': 'write',
  '2a': 'write',
  aa: 'write',
  '8a': 'write',
  '2e': 'write',
  '8e': 'write',
  ae: 'write',
  41: 'write',
  93: 'write',
  89: 'write',
  42: 'write',
  35: 'write',
  91: 'write',
  '08': 'read',
  28: 'read',
  a8: 'read',
  88: 'read',
  '00': undefined,
  12: undefined,
  '1a': undefined,
  '5f': undefined,
};

const failed = (sense: Sense, descriptorFormat = false) => ({
  status: STATUS.checkCondition,
  sense: encodeSense(sense, descriptorFormat),
});
const after = (opcode: string, result: Parameters<typeof mayGiveUp>[1]) =>
  mayGiveUp(Buffer.from(opcode, 'hex'), result);

for (const [opcode, expected] of Object.entries(OPCODES)) {
  test(`${opcode}h that fails: ${expected ?? 'nothing is lost by it'}`, () => {
    assert.is(after(opcode.padStart(2, '0'), failed(SENSE.writeError)), expected);
  });
}

for (const [name, sense] of Object.entries(SENSE)) {
  const isAttention = sense.key === 0x6;
  test(`sense ${name}: ${isAttention ? 'the command is repeated' : 'the command fails'}`, () => {
    const expected = isAttention ? undefined : 'write';
    assert.equal([after(WRITE, failed(sense)), after(WRITE, failed(sense, true))], [expected, expected]);
  });
}

for (const [name, status] of Object.entries(STATUS)) {
  const isRepeated = ['good', 'conditionMet', 'busy', 'taskSetFull'].includes(name);
  test(`status ${name}: ${isRepeated ? 'fine, or the command is repeated' : 'the command fails'}`, () => {
    assert.is(after(WRITE, { status }), isRepeated ? undefined : 'write');
  });
}

test.run();
