import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { crc32c } from '../../src/iscsi/crc32c.ts';

const test = suite('crc32c');

// RFC 3720, appendix B.4; as a number, the bytes there read little-endian.
const VECTORS: [string, Buffer, number][] = [
  ['32 bytes of zeroes', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 incrementing bytes', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
  ['32 decrementing bytes', Buffer.from(Array.from({ length: 32 }, (_, index) => 31 - index)), 0x113fdb5c],
  [
    'an iSCSI SCSI Read (10) command',
    Buffer.from(
      '01c00000000000000000000000000000140000000000040000000014000000182800000000000000020000000000000000',
      'hex',
    ).subarray(0, 48),
    0xd9963a56,
  ],
];

for (const [name, bytes, expected] of VECTORS) {
  test(name, () => assert.is(crc32c([bytes]), expected));
}

test('does not depend on how the bytes are cut', () => {
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, index) => (index * 7) & 0xff));
  const whole = crc32c([bytes]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    assert.is(crc32c([bytes.subarray(0, cut), bytes.subarray(cut)]), whole);
  }
});

test('nothing', () => assert.is(crc32c([]), 0));

test.run();
