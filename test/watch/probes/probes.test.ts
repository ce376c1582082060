import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SpareError } from '../../../src/std/errors.ts';
import type { TargetStatus } from '../../../src/target/client/control-protocol.ts';
import { IcmpProber, parsePingLine } from '../../../src/watch/probes/icmp.ts';
import { ReportProber } from '../../../src/watch/probes/report.ts';
import { ServiceProber } from '../../../src/watch/probes/service.ts';
import { IscsiProber, TargetPoller } from '../../../src/watch/probes/target.ts';

const PING = readFileSync(join(import.meta.dirname, '../../fixtures/watch/ping-lost.txt'), 'utf8').split('\n');

/** Lines from a command that then stays quiet until it is ended. */
function quietAfter(lines: readonly string[]) {
  return async function* (signal: AbortSignal) {
    yield* lines;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !condition(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(condition(), 'the condition should have come true');
}

/** Runs a prober until `condition`, then ends it and waits for its end. */
async function running(prober: { run(signal: AbortSignal): Promise<void> }, condition: () => boolean): Promise<void> {
  const abort = new AbortController();
  const ended = prober.run(abort.signal);
  try {
    await until(condition);
  } finally {
    abort.abort();
    await ended;
  }
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
  let now = 1000;
  const prober = new IcmpProber(quietAfter(PING), () => now++);
  assert.is(prober.sample(0), 'unknown');
  await running(prober, () => prober.detail === 'no answer');
  assert.is(prober.lastHeardAt, 1003);
});

icmp('is unusable where ping does not run', async () => {
  let starts = 0;
  const endsAtOnce = async function* (): AsyncGenerator<string> {
    starts += 1;
    yield* [];
  };
  const prober = new IcmpProber(endsAtOnce, () => 0);
  await running(prober, () => starts >= 2);
  assert.is(prober.sample(0), 'unknown');
  assert.is(prober.lastHeardAt, null);
});
icmp.run();

const ssh = suite('ReportProber');
const LINE =
  '{"arrayState":"active","standbyLegState":"in_sync,write_mostly","localLegState":"in_sync","syncAction":"idle","sessionLoggedIn":true,"passive":false}';

ssh('keeps the last whole report', async () => {
  const prober = new ReportProber(quietAfter([LINE, LINE.slice(0, 40), 'motd']), () => 5000);
  await running(prober, () => prober.report !== undefined);
  assert.is(prober.report?.receivedAt, new Date(5000).toISOString());
  assert.is(prober.lastHeardAt, 5000);
});

ssh('says nothing of a host that only greets', async () => {
  const prober = new ReportProber(quietAfter(['Welcome']), () => 5000);
  let ticks = 0;
  await running(prober, () => ++ticks > 3);
  assert.is(prober.lastHeardAt, null);
});
ssh.run();

const service = suite('ServiceProber');
const refusal = (cause: unknown) => new SpareError('unreachable', 'NFS_UNREACHABLE', 'No', { hint: 'None', cause });

service('hears the identity, and nothing else', async () => {
  const right = new ServiceProber(
    async () => Buffer.from('abc\n'),
    'abc',
    () => 7000,
  );
  await running(right, () => right.lastHeardAt === 7000);
  const wrong = new ServiceProber(
    async () => Buffer.from('xyz\n'),
    'abc',
    () => 7000,
  );
  await running(wrong, () => wrong.detail.includes('another volume'));
  assert.is(wrong.lastHeardAt, null);
  assert.is(wrong.sample(7000), 'missed');
});

service('tells its own network from the host', async () => {
  const failing = (code: string) =>
    new ServiceProber(
      async () => {
        throw refusal(Object.assign(new Error(code), { code }));
      },
      'abc',
      () => 7000,
    );
  const refused = failing('ECONNREFUSED');
  await running(refused, () => refused.detail === 'NFS_UNREACHABLE');
  assert.is(refused.sample(7000), 'missed');
  const own = failing('ENETUNREACH');
  await running(own, () => own.detail === 'NFS_UNREACHABLE');
  assert.is(own.sample(7000), 'unknown');
});
service.run();

const iscsi = suite('IscsiProber');
const status = (fenced: boolean, responding = true): TargetStatus => ({
  pid: 1,
  startedAt: 0,
  portal: '10.77.0.10:3260',
  hosts: [
    {
      host: 'alpha',
      iqn: 'iqn.2026-11.net.spare:alpha',
      pid: 2,
      responding,
      fenced,
      lost: [],
      notServed: null,
      sessions: [],
      lastPduAt: 9000,
      lastWriteAt: 8000,
      sessionEndedAt: null,
      counters: { reads: 0, writes: 0, flushes: 0, readBytes: 0, writtenBytes: 0, errors: 0 },
    },
  ],
});

iscsi('hears what the target heard', async () => {
  const poller = new TargetPoller(
    async () => status(false),
    () => 9500,
  );
  const alpha = new IscsiProber(poller, 'alpha');
  const beta = new IscsiProber(poller, 'beta');
  assert.is(alpha.sample(), 'unknown');
  await running(poller, () => poller.status !== undefined);
  assert.is(alpha.sample(), 'answered');
  assert.is(alpha.lastHeardAt, 9000);
  assert.is(beta.sample(), 'unknown');
});

iscsi('says nothing when the target is down, stale, or has fenced the host', async () => {
  let now = 9500;
  const poller = new TargetPoller(
    async () => status(true),
    () => now,
  );
  const alpha = new IscsiProber(poller, 'alpha');
  await running(poller, () => poller.status !== undefined);
  assert.is(alpha.sample(), 'unknown');
  now += 3000;
  assert.is(poller.status, undefined);
  const down = new TargetPoller(
    async () => {
      throw new Error('ECONNREFUSED');
    },
    () => now,
  );
  let ticks = 0;
  await running(down, () => ++ticks > 3);
  assert.is(new IscsiProber(down, 'alpha').sample(), 'unknown');
});
iscsi.run();
