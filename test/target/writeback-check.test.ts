import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DataSync } from '../../src/store/data-sync.ts';
import { WritebackCheck } from '../../src/target/writeback-check.ts';
import { FailingDevice, OtherOpener } from '../fixtures/store/failing-device.ts';
import { MAY_MOUNT } from '../fixtures/store/loop-mount.ts';
import { openFiles } from '../fixtures/target/daemon-world.ts';

interface Context {
  root: string;
  leg: string;
  failures: string[];
}

const test = suite<Context>('WritebackCheck');
const asRoot = MAY_MOUNT ? test : test.skip;

test.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'spare-witness-'));
  context.leg = join(context.root, 'leg.img');
  context.failures = [];
  writeFileSync(context.leg, 'data');
});
test.after.each(({ root }) => rmSync(root, { recursive: true }));

function witness({ leg, failures }: Context, options: { path?: string; sync?: DataSync } = {}): WritebackCheck {
  return new WritebackCheck({ path: leg, onFailed: (why) => failures.push(why), ...options });
}

const isHeld = (path: string) => openFiles(process.pid).includes(path);

async function opened(context: Context, options: { path?: string; sync?: DataSync } = {}): Promise<WritebackCheck> {
  const one = witness(context, options);
  one.opened();
  await one.settled(10_000);
  assert.ok(isHeld(options.path ?? context.leg));
  return one;
}

asRoot(
  'it finds an error that the kernel reported to the dead process only; a file opened later does not',
  async (context) => {
    const device = new FailingDevice(join(context.root, 'disk'), 1 << 20);
    try {
      const { path } = device;
      const dead = new OtherOpener(path);
      const one = await opened(context, { path });
      const fd = openSync(path, 'r+');
      writeSync(fd, Buffer.alloc(4096, 1));
      closeSync(fd);
      assert.is(dead.flush(), 'EIO');
      dead.close();
      const late = new OtherOpener(path);
      assert.is(late.flush(), 'flushed');
      late.close();
      one.died();
      await one.settled(10_000);
      assert.equal(
        context.failures.map((why) => why.slice(0, 3)),
        ['EIO'],
      );
      assert.not.ok(isHeld(path));
    } finally {
      device.remove();
    }
  },
);

test('a leg that the disk has not failed', async (context) => {
  const one = await opened(context);
  one.died();
  await one.settled(10_000);
  assert.equal(context.failures, []);
  assert.not.ok(isHeld(context.leg));
});

test('who had closed the leg, or never opened it, has nothing to lose, and nothing is held', async (context) => {
  const failing: DataSync = (_fd, done) => done(new Error('It was asked'));
  const one = await opened(context, { sync: failing });
  one.closed();
  await one.settled(10_000);
  assert.not.ok(isHeld(context.leg));
  one.died();
  await one.settled(10_000);
  assert.equal(context.failures, []);
});

test('of a leg that could not be opened, or not yet, nothing is known', async (context) => {
  const path = join(context.root, 'gone');
  const one = witness(context, { path });
  one.opened();
  await one.settled(10_000);
  assert.not.ok(existsSync(path));
  one.died();
  assert.is(context.failures.length, 1);
  const early = witness(context);
  early.opened();
  early.died();
  assert.is(context.failures.length, 2);
  await early.settled(10_000);
  assert.not.ok(isHeld(context.leg));
});

test('an answer that does not come in time counts as a failure; one that comes late is not waited for', async (context) => {
  const answers: ((error: NodeJS.ErrnoException | null) => void)[] = [];
  const one = await opened(context, { sync: (_fd, done) => void answers.push(done) });
  one.died();
  await one.settled(5);
  assert.match(context.failures.join(), /did not end within 5 ms/);
  answers[0]?.(null);
  await one.settled(10_000);
  assert.is(context.failures.length, 1);
});

test.run();
