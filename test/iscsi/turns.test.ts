import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Turns } from '../../src/iscsi/turns.ts';
import { BufferPool } from '../../src/std/buffer-pool.ts';
import { nextTurns } from '../fixtures/eventually.ts';

interface Context {
  turns: Turns;
  /** What happened, in order. */
  log: string[];
  /** Takes 0.3 ms for each chunk, and notes it. */
  collect: (chunk: Buffer) => void;
  /** The same, and has something to send. */
  take: (chunk: Buffer) => void;
}

const test = suite<Context>('turns');

test.before.each((context) => {
  let clock_ms = 0;
  context.log = [];
  context.turns = new Turns({ pool: new BufferPool(), sent: () => context.log.push('sent'), now: () => clock_ms });
  context.collect = (chunk) => {
    clock_ms += 0.3;
    context.log.push(chunk.toString());
  };
  context.take = (chunk) => {
    context.collect(chunk);
    context.turns.atEnd(() => {});
  };
});

test('with one connection each chunk is worked on at once, and where it lies', ({ turns }) => {
  const chunk = Buffer.from('alpha');
  let taken: Buffer | undefined;
  turns.received(chunk, (bytes) => {
    taken = bytes;
  });
  assert.is(taken, chunk);
});

test('nothing waits for what is only collected', ({ turns, log, collect }) => {
  for (const name of ['a', 'b', 'c', 'd']) turns.received(Buffer.from(name), collect);
  assert.equal(log, ['a', 'b', 'c', 'd']);
});

test('when a turn is used up, chunks wait in line as they were, and what was sent goes out before the next slice', async ({
  turns,
  log,
  take,
}) => {
  const memory = Buffer.from('-');
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    memory.write(name);
    turns.received(memory, (chunk) => {
      const taken = chunk.toString();
      take(chunk);
      turns.atEnd(() => log.push(`answer to ${taken}`));
    });
  }
  memory.write('-');
  assert.equal(log, ['a', 'b']);
  await nextTurns();
  assert.equal(log.splice(0), ['a', 'b', 'answer to a', 'answer to b', 'sent']);
  // Read before the second slice: it comes after those that wait.
  memory.write('f');
  turns.received(memory, take);
  assert.equal(log, []);
  await nextTurns();
  assert.equal(log.splice(0), ['c', 'd', 'answer to c', 'answer to d', 'sent']);
  await nextTurns();
  assert.equal(log.splice(0), ['e', 'f', 'answer to e', 'sent']);
  await nextTurns();
  assert.equal(log, [], 'something goes on');
});

test('a long chunk does not wait, and neither does what came before it', ({ turns, log, take }) => {
  for (const name of ['a', 'b', 'c', 'd']) turns.received(Buffer.from(name), take);
  const long = Buffer.alloc(64 * 1024, 'x');
  turns.received(long, (chunk) => {
    assert.is(chunk, long);
    log.push('long');
  });
  assert.equal(log, ['a', 'b', 'c', 'd', 'long']);
});

test('what waits is bounded: beyond it everything is worked off, in order', ({ turns, log, take }) => {
  const names = Array.from({ length: 1_000 }, (_, number) => `chunk ${number}`);
  let most = 0;
  for (const [number, name] of names.entries()) {
    turns.received(Buffer.from(name), take);
    most = Math.max(most, number + 1 - log.length);
  }
  assert.ok(most > 100 && most <= 256, `${most} chunks waited`);
  turns.workOff();
  assert.equal(log, names);
});

test.run();
