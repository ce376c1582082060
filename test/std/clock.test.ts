import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { execa } from 'execa';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ageOf_ms, bootMomentNow, bootTimeOf_ms } from '../../src/std/boot-moment.ts';
import { readBootTime_ms } from '../../src/std/boot-time.ts';
import { systemClock } from '../../src/std/clock.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';

const clock = suite('clock');

clock('tells boot time as the kernel does, finer than a centisecond', () => {
  const before_ms = uptime() * 1000;
  const now_ms = systemClock.bootTime_ms();
  // `/proc/uptime` is cut to 10 ms.
  assert.ok(before_ms <= now_ms && now_ms <= uptime() * 1000 + 10, `${now_ms} ms`);
  const fractions = Array.from({ length: 50 }, () => readBootTime_ms() % 10);
  assert.ok(fractions.some((fraction) => fraction % 1 !== 0));
});

clock('never goes back', () => {
  let last_ms = 0;
  for (let count = 0; count < 10_000; count += 1) {
    const now_ms = systemClock.bootTime_ms();
    assert.ok(now_ms >= last_ms);
    last_ms = now_ms;
  }
});

clock('tells boot time without node:ffi too', async () => {
  const path = new URL('../../src/std/boot-time.ts', import.meta.url).pathname;
  const script = `import { readBootTime_ms } from ${JSON.stringify(path)}; console.log(readBootTime_ms())`;
  const before_ms = uptime() * 1000;
  const flags = ['--permission', '--allow-fs-read=*', '--input-type=module'];
  const { stdout } = await execa(process.execPath, [...flags, '--eval', script]);
  assert.ok(before_ms <= Number(stdout) && Number(stdout) <= uptime() * 1000, stdout);
});

clock('tells the boot', () => {
  assert.is(systemClock.bootId, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
});

clock('waits, and a signal ends it', async () => {
  const before_ms = systemClock.bootTime_ms();
  await systemClock.sleep(5);
  assert.ok(systemClock.bootTime_ms() - before_ms >= 4);
  const abort = new AbortController();
  const slept = systemClock.sleep(3_600_000, abort.signal).then(
    () => 'slept',
    (error: Error) => error.name,
  );
  abort.abort();
  assert.is(await slept, 'AbortError');
});

clock('runs what is set, and not what was stopped', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  let rounds = 0;
  const stopped = systemClock.after(0, () => assert.unreachable('it was stopped'));
  stopped.stop();
  const rounding = systemClock.every(1, () => {
    rounds += 1;
    if (rounds < 3) return;
    rounding.stop();
    systemClock.after(1, resolve);
  });
  await promise;
  assert.is(rounds, 3);
});

const moment = suite('boot moment');

moment('has an age by the boot clock, whatever the wall clock is set to', async () => {
  const fake = new FakeClock();
  const then = bootMomentNow(fake);
  fake.wall_ms -= 3_600_000;
  await fake.advance(1500);
  assert.is(ageOf_ms(then, fake), 1500);
});

moment('proves nothing in another boot, from the future, or where it is no number', () => {
  const fake = new FakeClock();
  const now = bootMomentNow(fake);
  assert.is(ageOf_ms(undefined, fake), undefined);
  assert.is(ageOf_ms({ ...now, bootId: '99999999-2222-3333-4444-555555555555' }, fake), undefined);
  assert.is(ageOf_ms({ ...now, bootTime_ms: now.bootTime_ms + 1 }, fake), undefined);
  assert.is(ageOf_ms({ ...now, bootTime_ms: Number.NaN }, fake), undefined);
  assert.is(ageOf_ms({ ...now, bootTime_ms: null as never }, fake), undefined);
});

moment('of another boot is where the wall clock says, and of this one where the boot clock does', async () => {
  const fake = new FakeClock();
  const at = fake.wallTime().toISOString();
  const then = bootMomentNow(fake);
  await fake.advance(4000);
  fake.wall_ms += 60_000;
  assert.is(bootTimeOf_ms(at, then, fake), then.bootTime_ms);
  for (const unknown of [undefined, { ...then, bootId: '99999999-2222-3333-4444-555555555555' }])
    assert.is(bootTimeOf_ms(at, unknown, fake), then.bootTime_ms - 60_000);
});

const fakeClock = suite('fake clock');

fakeClock('runs what becomes due in order, and what that sets going', async () => {
  const fake = new FakeClock();
  const begun_ms = fake.bootTime_ms();
  const log: string[] = [];
  const note = (what: string) => log.push(`${what} at ${fake.bootTime_ms() - begun_ms}`);
  fake.after(30, () => note('third'));
  fake.after(10, () => note('first'));
  fake.after(10, () => note('second'));
  const ticks = fake.every(25, () => note('tick'));
  const sleeper = async () => {
    await fake.sleep(20);
    note('awake');
    await fake.sleep(20);
    note('awake again');
  };
  const slept = sleeper();
  await fake.advance(39);
  assert.equal(log, ['first at 10', 'second at 10', 'awake at 20', 'tick at 25', 'third at 30']);
  await fake.advance(1);
  await slept;
  assert.is(log.at(-1), 'awake again at 40');
  ticks.stop();
  assert.is(fake.waiting, 0);
});

fakeClock('runs what is overdue once', async () => {
  const fake = new FakeClock();
  let count = 0;
  const ticks = fake.every(10, () => (count += 1));
  fake.jump(1000);
  await fake.advance(0);
  assert.is(count, 1);
  ticks.stop();
});

fakeClock('ends a sleep by its signal', async () => {
  const fake = new FakeClock();
  const abort = new AbortController();
  const slept = fake.sleep(10, abort.signal).catch((error: Error) => error.name);
  abort.abort();
  assert.is(await slept, 'AbortError');
  assert.is(fake.waiting, 0);
  await fake.sleep(10, abort.signal).then(
    () => assert.unreachable(),
    () => {},
  );
});

clock.run();
moment.run();
fakeClock.run();
