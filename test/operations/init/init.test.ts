import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planInit } from '../../../src/operations/init/init.ts';
import type { SpareError } from '../../../src/std/errors.ts';
import { assertLooked } from '../../../src/watch/first-look.ts';
import { standbyFixture } from '../../fixtures/configuration.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';
import { useTemporaryDirectories } from '../../fixtures/state-directories.ts';
import { publishLook } from '../../fixtures/watch/publish-look.ts';
import { RecordingMachine } from '../recording-machine.ts';

interface Context {
  directories: ReturnType<typeof useTemporaryDirectories>;
  clock: FakeClock;
}

const test = suite<Context>('init');
test.before.each((context) => {
  context.directories = useTemporaryDirectories();
  context.clock = new FakeClock();
});
test.after.each(({ directories }) => directories.remove());

/** Starts the watch. `ended` tells how that went, once it has. */
function startWatch({ clock }: Context): { ended: string | undefined; told: string[] } {
  // The watch of before looks until systemd has ended it.
  const machine = new RecordingMachine('standby', () => {
    publishLook(clock);
    clock.jump(10);
    return { exitCode: 0, stdout: '', stderr: '' };
  });
  const assertWatchLooked = (since_ms: number) => assertLooked(since_ms, clock);
  const { steps } = planInit(standbyFixture, machine, { clock, assertWatchLooked });
  const step = steps.find(({ name }) => name === 'start-watch');
  const start: ReturnType<typeof startWatch> = { ended: undefined, told: [] };
  step
    ?.run(({ detail }) => start.told.push(detail))
    .then(
      () => 'it looks',
      ({ code }: SpareError) => code,
    )
    .then((ended) => {
      start.ended = ended;
    });
  return start;
}

test('ends when the new watch has looked for the first time, whatever the old one has left', async (context) => {
  const start = startWatch(context);
  await context.clock.advance(60_000);
  assert.equal(start, { ended: undefined, told: ["waiting for the watch's first look at the hosts"] });
  publishLook(context.clock);
  await context.clock.advance(100);
  assert.is(start.ended, 'it looks');
});

test('a watch that never looks ends the wait', async (context) => {
  const start = startWatch(context);
  await context.clock.advance(180_000);
  assert.is(start.ended, 'WATCH_SILENT');
});

test.run();
