import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Gatherer } from '../../src/iscsi/gatherer.ts';
import { BufferPool } from '../../src/std/buffer-pool.ts';
import { Random } from '../fixtures/iscsi/random.ts';

const test = suite('Gatherer');

const SEED = Number(process.env.GATHER_SEED ?? Math.floor(Math.random() * 1e9));

test('small pieces become one part, and may change afterwards', () => {
  const subject = new Gatherer(new BufferPool());
  const piece = Buffer.from('abc');
  subject.add(piece);
  piece.fill('x');
  subject.add(Buffer.from('def'));
  assert.is(subject.bytes, 6);
  const { parts } = subject.take();
  assert.equal(parts.map(String), ['abcdef']);
  assert.is(subject.bytes, 0);
  assert.equal(subject.take().parts, []);
});

test('a large piece is not copied, and stays in its place', () => {
  const subject = new Gatherer(new BufferPool());
  const large = Buffer.alloc(100_000, 'l');
  subject.add(Buffer.from('before'));
  subject.add(large);
  subject.add(Buffer.from('after'));
  const { parts } = subject.take();
  assert.is(parts.length, 3);
  assert.is(parts[1], large);
});

test('what is not written yet stays as it is, however batches overlap', () => {
  const random = new Random(SEED);
  const subject = new Gatherer(new BufferPool());
  const underWay: { parts: readonly Buffer[]; written(): void; expected: Buffer }[] = [];
  for (let round = 0; round < 500; round++) {
    const pieces = Array.from({ length: 1 + random.below(40) }, () => random.bytes(random.below(9_000)));
    for (const piece of pieces) subject.add(piece);
    underWay.push({ ...subject.take(), expected: Buffer.concat(pieces) });
    while (underWay.length > random.below(6)) {
      const [batch] = underWay.splice(0, 1);
      assert.ok(batch && Buffer.concat(batch.parts).equals(batch.expected), `round ${round}, GATHER_SEED=${SEED}`);
      batch.written();
    }
  }
});

test('a peer that takes nothing holds little more than its bytes', () => {
  const pool = new BufferPool();
  const { take } = pool;
  let taken_bytes = 0;
  pool.take = (length_bytes) => {
    taken_bytes += length_bytes;
    return take.call(pool, length_bytes);
  };
  const subject = new Gatherer(pool);
  for (let turn = 0; turn < 10_000; turn++) {
    subject.add(Buffer.alloc(48));
    subject.take();
  }
  assert.ok(taken_bytes <= 10_000 * 48 + 65_536, `${taken_bytes} bytes for 480,000`);
});

test('memory is used again once it was written', () => {
  const pool = new BufferPool();
  const { take } = pool;
  let count = 0;
  pool.take = (length_bytes) => {
    count += 1;
    return take.call(pool, length_bytes);
  };
  const subject = new Gatherer(pool);
  for (let turn = 0; turn < 1_000; turn++) {
    subject.add(Buffer.alloc(4_000));
    subject.take().written();
  }
  assert.is(count, 1);
});

test.run();
