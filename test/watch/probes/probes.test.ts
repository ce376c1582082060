import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SpareError } from '../../../src/std/errors.ts';
import type { TargetStatus } from '../../../src/target/client/control-protocol.ts';
import { IcmpProber, parsePingLine } from '../../../src/watch/probes/icmp.ts';
import { ServiceProber } from '../../../src/watch/probes/service.ts';
import { IscsiProber, TargetPoller } from '../../../src/watch/probes/target.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

const PING = readFileSync(join(import.meta.dirname, '../../fixtures/watch/ping-lost.txt'), 'utf8').split('\n');

/** Lines from a command, a millisecond apart, that then stays quiet until it is ended. */
function quietAfter(lines: readonly string[], clock: FakeClock) {
  return async function* (signal: AbortSignal) {
    for (const line of lines) {
      yield line;
      clock.jump(1);
    }
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  };
}

/** Runs a prober until `condition`, then ends it and waits for its end. */
async function running(
  prober: { run(signal: AbortSignal): Promise<void> },
  clock: FakeClock,
  condition: () => boolean,
): Promise<void> {
  const abort = new AbortController();
  const ended = prober.run(abort.signal);
  await clock.advance(0);
  for (let tries = 0; tries < 100 && !condition(); tries += 1) await clock.advance(500);
  const isMet = condition();
  abort.abort();
  await ended;
  assert.ok(isMet, 'the condition should have come true');
}

const icmp = suite('IcmpProber');

icmp('reads what a real ping printed while its peer went away', () => {
  const types = PING.filter((line) => line !== '').map((line) => parsePingLine(line)?.type);
  assert.equal(types, ['header', ...Array(4).fill('answer'), ...Array(6).fill('silence')]);
  assert.is(
    parsePingLine('From 10.9.9.1 icmp_seq=7 Destination Host Unreachable')?.text,
    'Destination Host Unreachable',
  );
  assert.is(parsePingLine('rtt min/avg/max/mdev = 0.037/0.075/0.166/0.052 ms'), undefined);
});

icmp('keeps the time of the last answer', async () => {
  const clock = new FakeClock();
  const begun_ms = clock.bootTime_ms();
  const prober = new IcmpProber(quietAfter(PING, clock), clock);
  assert.is(prober.sample(begun_ms), 'unknown');
  await running(prober, clock, () => prober.detail === 'no answer');
  // The header, and four answers.
  assert.is(prober.lastHeardAt, begun_ms + 4);
});

icmp('is unusable where ping does not run', async () => {
  let starts = 0;
  const endsAtOnce = async function* (): AsyncGenerator<string> {
    starts += 1;
    yield* [];
  };
  const clock = new FakeClock();
  const prober = new IcmpProber(endsAtOnce, clock);
  await running(prober, clock, () => starts >= 2);
  assert.is(prober.sample(0), 'unknown');
  assert.is(prober.lastHeardAt, null);
});
icmp.run();

const service = suite('ServiceProber');
const refusal = (cause: unknown) => new SpareError('unreachable', 'NFS_UNREACHABLE', 'No', { hint: 'None', cause });

service('hears the identity, and nothing else', async () => {
  const clock = new FakeClock();
  const begun_ms = clock.bootTime_ms();
  const right = new ServiceProber(async () => Buffer.from('abc\n'), 'abc', clock);
  await running(right, clock, () => right.lastHeardAt === begun_ms);
  const wrong = new ServiceProber(async () => Buffer.from('xyz\n'), 'abc', clock);
  await running(wrong, clock, () => wrong.detail.includes('another volume'));
  assert.is(wrong.lastHeardAt, null);
  assert.is(wrong.sample(clock.bootTime_ms()), 'missed');
});

service('looks once a second, however long a look takes', async () => {
  const clock = new FakeClock();
  const begun_ms = clock.bootTime_ms();
  const looks: number[] = [];
  const read = async () => {
    looks.push(clock.bootTime_ms() - begun_ms);
    await clock.sleep(looks.length === 2 ? 1700 : 300);
    return Buffer.from('abc');
  };
  const abort = new AbortController();
  const ended = new ServiceProber(read, 'abc', clock).run(abort.signal);
  await clock.advance(4000);
  abort.abort();
  await clock.advance(300);
  await ended;
  assert.equal(looks, [0, 1000, 2700, 3700]);
});

service('tells its own network from the host', async () => {
  const clock = new FakeClock();
  const now_ms = clock.bootTime_ms();
  const failing = (code: string) =>
    new ServiceProber(
      async () => {
        throw refusal(Object.assign(new Error(code), { code }));
      },
      'abc',
      clock,
    );
  const refused = failing('ECONNREFUSED');
  await running(refused, clock, () => refused.detail === 'NFS_UNREACHABLE');
  assert.is(refused.sample(now_ms), 'missed');
  const own = failing('ENETUNREACH');
  await running(own, clock, () => own.detail === 'NFS_UNREACHABLE');
  assert.is(own.sample(now_ms), 'unknown');
});
service.run();

const iscsi = suite('IscsiProber');
const status = (fenced: boolean, clock: FakeClock): TargetStatus => ({
  pid: 1,
  startedAt: 0,
  portal: '10.77.0.10:3260',
  hosts: [
    {
      host: 'alpha',
      iqn: 'iqn.2026-11.net.spare:alpha',
      pid: 2,
      responding: true,
      fenced,
      sessions: [],
      lastPduAt: clock.bootTime_ms() - 500,
      sessionHeardAt: null,
      sessionEndedAt: null,
      volumes: [],
    },
  ],
});

iscsi('hears what the target heard', async () => {
  const clock = new FakeClock();
  const poller = new TargetPoller(async () => status(false, clock), clock);
  const alpha = new IscsiProber(poller, 'alpha');
  const beta = new IscsiProber(poller, 'beta');
  assert.is(alpha.sample(), 'unknown');
  await running(poller, clock, () => poller.status !== undefined);
  assert.is(alpha.sample(), 'answered');
  assert.is(alpha.lastHeardAt, clock.bootTime_ms() - 500);
  assert.is(beta.sample(), 'unknown');
});

iscsi('says nothing when the target is down, stale, or has fenced the host', async () => {
  const clock = new FakeClock();
  const poller = new TargetPoller(async () => status(true, clock), clock);
  const alpha = new IscsiProber(poller, 'alpha');
  await running(poller, clock, () => poller.status !== undefined);
  assert.is(alpha.sample(), 'unknown');
  clock.jump(4001);
  assert.is(poller.status, undefined);
  let asked = 0;
  const down = new TargetPoller(async () => {
    asked += 1;
    throw new Error('ECONNREFUSED');
  }, clock);
  await running(down, clock, () => asked > 2);
  assert.is(new IscsiProber(down, 'alpha').sample(), 'unknown');
});
iscsi('a status that waited in a buffer is as old as its question', async () => {
  const clock = new FakeClock();
  for (const [waited_ms, sample] of [
    [3000, 'answered'],
    [20_000, 'unknown'],
  ] as const) {
    const answer = Promise.withResolvers<TargetStatus>();
    const poller = new TargetPoller(() => answer.promise, clock);
    const abort = new AbortController();
    const ended = poller.run(abort.signal);
    const then = status(false, clock);
    clock.jump(waited_ms);
    answer.resolve(then);
    await clock.advance(0);
    assert.is(new IscsiProber(poller, 'alpha').sample(), sample);
    abort.abort();
    await ended;
  }
});
iscsi.run();
