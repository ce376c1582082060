import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HostConfiguration } from '../../src/config/schema.ts';
import type { PrimaryReport, RecordedState, VolumeEvidence } from '../../src/hosts/host-record.ts';
import { pauseFor } from '../../src/hosts/pause.ts';
import { type HostEvent, type StateOrNone, transitionOf } from '../../src/hosts/state-table.ts';
import type { LostWrites } from '../../src/mirror/worst-volume.ts';
import type { Owner, OwnershipCause, OwnershipRecord } from '../../src/ownership/record.ts';
import { nextRecord } from '../../src/ownership/rules.ts';
import { bootMomentNow } from '../../src/std/boot-moment.ts';
import { SpareError } from '../../src/std/errors.ts';
import type { SpareEvent } from '../../src/std/event.ts';
import type { NetworkSample } from '../../src/watch/isolation.ts';
import type { TargetContact } from '../../src/watch/pair-proof.ts';
import { type ProbePath, type Sample, sampleOf } from '../../src/watch/probe-paths.ts';
import type { Prober } from '../../src/watch/probes/prober.ts';
import type { ReportProber } from '../../src/watch/probes/report.ts';
import { Watch, type WatchWorld } from '../../src/watch/watch.ts';
import type { WatchSnapshot } from '../../src/watch/watch-file.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { exampleHost, wholeReport } from './example-host.ts';

const START_ms = Date.parse('2026-01-02T03:00:00.000Z');

class FakeProber implements Prober {
  lastHeardAt: number | null = null;
  usable = true;
  detail = 'fake';
  sample(now: number): Sample {
    return this.usable ? sampleOf(this.lastHeardAt, now) : 'unknown';
  }
  async run(signal: AbortSignal): Promise<void> {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
}

class FakeReportProber extends FakeProber {
  report: PrimaryReport | undefined;
  /** Of further volumes. */
  readonly others = new Map<string, PrimaryReport>();

  freshReport(volume: string, now: number): PrimaryReport | undefined {
    if (this.sample(now) !== 'answered') return undefined;
    return volume === 'data' ? this.report : this.others.get(volume);
  }
}

/** The host, for its first volume. */
const evidenceKey = (host: string, volume: string) => (volume === 'data' ? host : `${host}/${volume}`);

/** A world with a manual clock, and hosts that answer the enabled probes. */
class FakeWorld implements WatchWorld {
  readonly clock = new FakeClock(START_ms);
  events: SpareEvent[] = [];
  published: WatchSnapshot | undefined;
  networkSample: NetworkSample = { carrier: true, gateway: 'answered' };
  configured: Record<string, HostConfiguration> = {};
  states = new Map<string, RecordedState>();
  /** By `evidenceKey`. */
  evidence = new Map<string, VolumeEvidence>();
  probersOf = new Map<string, Record<Exclude<ProbePath, 'ssh'>, FakeProber> & { ssh: FakeReportProber }>();
  /** What answers, for each host. */
  answering = new Map<string, ReadonlySet<ProbePath>>();
  reports = new Map<string, Partial<PrimaryReport>>();
  calls: string[] = [];
  power: 'on' | 'off' | undefined = 'on';
  busy = false;
  failoverResult: () => Promise<void> = async () => {};
  remirrorResult: () => Promise<void> = async () => {};
  /** Hosts whose leg may lack writes, by the target. */
  lost = new Set<string>();

  addHost(host: HostConfiguration, state: RecordedState['state']): void {
    this.configured[host.name] = host;
    this.states.set(host.name, { version: 1, state, since: this.clock.wallTime().toISOString() });
    this.answering.set(host.name, new Set(['iscsi', 'icmp', 'ssh', 'service']));
  }

  async second(watch: Watch): Promise<void> {
    this.clock.jump(1000);
    for (const [name, probers] of this.probersOf) {
      for (const path of this.answering.get(name) ?? []) probers[path].lastHeardAt = this.clock.bootTime_ms() - 300;
      if (this.answering.get(name)?.has('ssh')) {
        probers.ssh.report = wholeReport(300, this.clock, this.reports.get(name));
      }
    }
    await watch.tick();
    // What was started in the background has its turn before the clock moves on.
    await new Promise((resolve) => setImmediate(resolve));
  }

  state(host: string): string | undefined {
    return this.states.get(host)?.state;
  }

  log = (event: SpareEvent) => void this.events.push(event);
  configuration = () => ({ version: 2 as const, standby: {} as never, hosts: this.configured });
  network = async () => this.networkSample;
  publish = (snapshot: WatchSnapshot) => {
    this.published = snapshot;
  };
  /** What a takeover would lack, until it has been prepared. */
  lacking = ['the namespaces are not prepared'];
  asked = 0;
  prepareResult: () => Promise<void> = async () => {
    this.lacking = [];
  };
  isBusy = () => this.busy;
  lacks = async () => {
    this.asked += 1;
    return this.lacking;
  };
  prepare = async (host: string) => {
    this.calls.push(`prepare ${host}`);
    await this.prepareResult();
  };
  record = (host: string, volume: string) => {
    const state = this.states.get(host);
    return state && { ...this.evidence.get(evidenceKey(host, volume)), ...state };
  };
  abort = async (host: string) => void this.calls.push(`abort ${host}`);
  failback = async (host: string) => void this.calls.push(`failback ${host}`);
  updateEvidence = (host: string, volume: string, change: (evidence: VolumeEvidence) => VolumeEvidence) => {
    const key = evidenceKey(host, volume);
    this.evidence.set(key, change(this.evidence.get(key) ?? { version: 1 }));
  };
  enter = async (host: string, from: StateOrNone, event: HostEvent) => {
    if (this.busy) throw new SpareError('busy', 'HOST_BUSY', 'Busy', { hint: 'Wait' });
    const transition = transitionOf(from, event);
    if ((this.state(host) ?? null) !== from || !transition?.to) return undefined;
    this.states.set(host, {
      ...this.states.get(host),
      version: 1,
      state: transition.to,
      since: this.clock.wallTime().toISOString(),
    });
    return transition;
  };
  fenceStatus = async () => this.power;
  failover = async (host: string) => {
    this.calls.push(`failover ${host}`);
    await this.failoverResult();
  };
  restore = async (host: string) => void this.calls.push(`restore ${host}`);
  remirror = async (host: string) => {
    this.calls.push(`remirror ${host}`);
    await this.remirrorResult();
  };
  /** By volume. */
  owners = new Map<string, { owner: Owner; epoch: number }>();
  /** Of the volume `data`. */
  get owner(): Owner {
    return this.ownership('alpha', 'data').owner;
  }
  set owner(owner: Owner) {
    this.owners.set('data', { owner, epoch: this.epoch });
  }
  get epoch(): number {
    return this.ownership('alpha', 'data').epoch;
  }
  hasSession = true;
  heardAge_ms = 300;
  changeResult: () => Promise<void> = async () => {};
  ownership = (_host: string, volume: string): OwnershipRecord => ({
    version: 1,
    ...(this.owners.get(volume) ?? { owner: 'pair', epoch: 7 }),
    cause: 'in-sync',
    at: '2026-01-01T00:00:00.000Z',
    changed: bootMomentNow(this.clock),
  });
  changeOwnership = async (host: string, volume: string, epoch: number, cause: OwnershipCause) => {
    this.changes.push(`${host} ${volume} ${epoch} ${cause}`);
    await this.changeResult();
    const next = nextRecord(this.ownership(host, volume), cause, this.clock);
    this.owners.set(volume, next);
    return next;
  };
  changes: string[] = [];
  contact = (host: string): TargetContact | undefined => {
    const heard = { bootId: this.clock.bootId, bootTime_ms: this.clock.bootTime_ms() - this.heardAge_ms };
    const { hasSession } = this;
    return this.targetAnswers
      ? { hasSession, heard, sessionHeard: heard, isFenced: false, lostWrites: this.lostWrites(host) }
      : undefined;
  };
  targetAnswers = true;
  lostWrites = (host: string): LostWrites => {
    if (!this.targetAnswers) return 'unknown';
    return this.lost.has(host) ? 'some' : 'none';
  };
  resyncLostWrites = async (host: string) => {
    this.calls.push(`make good ${host}`);
    await this.resyncLostWritesResult();
    this.lost.delete(host);
  };
  resyncLostWritesResult: () => Promise<void> = async () => {};
  probers = (host: HostConfiguration) => {
    const probers = {
      iscsi: new FakeProber(),
      icmp: new FakeProber(),
      service: new FakeProber(),
      ssh: new FakeReportProber(),
    };
    this.probersOf.set(host.name, probers);
    return { ...probers, ssh: probers.ssh as unknown as ReportProber };
  };
}

async function watching(world: FakeWorld, use: (watch: Watch) => Promise<void>): Promise<void> {
  const watch = new Watch(world);
  try {
    await use(watch);
  } finally {
    await watch.close();
  }
}

async function seconds(world: FakeWorld, watch: Watch, count: number): Promise<void> {
  for (let second = 0; second < count; second += 1) await world.second(watch);
}

const NOTHING: ReadonlySet<ProbePath> = new Set();
const takeovers = (world: FakeWorld) => world.calls.filter((call) => call.startsWith('failover'));

const watch = suite('watch');

watch('prepares each host, confirms it in sync, and keeps that', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'syncing');
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    assert.is(world.state('alpha'), 'protected');
    assert.is(world.evidence.get('alpha')?.lastProof?.receivedAt, new Date(world.clock.wall_ms - 300).toISOString());
    assert.equal(world.calls, ['prepare alpha']);
    assert.is(world.published?.hosts.alpha?.verdict, 'alive');
  });
});

watch('asks once a minute whether the standby is ready, and prepares again what is missing', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    assert.equal(world.calls, ['prepare alpha']);
    assert.equal(world.published?.hosts.alpha?.lacks, []);
    const { asked } = world;
    world.lacking = ['mountd does not run'];
    await seconds(world, watch, 50);
    assert.is(world.asked, asked, 'a minute is not over');
    await seconds(world, watch, 15);
    assert.equal(world.calls, ['prepare alpha', 'prepare alpha']);
    assert.equal(world.published?.hosts.alpha?.lacks, []);
  });
});

watch('shows what stays missing, tells it once, and goes on trying', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  world.prepareResult = async () => {};
  await watching(world, async (watch) => {
    await seconds(world, watch, 200);
    assert.equal(world.published?.hosts.alpha?.lacks, ['the namespaces are not prepared']);
    assert.is(world.events.filter(({ event }) => event === 'prepare-failed').length, 1);
    assert.ok(world.calls.length > 3);
    world.prepareResult = async () => {
      throw new Error('no such interface');
    };
    await seconds(world, watch, 65);
    assert.equal(world.published?.hosts.alpha?.lacks, ['no such interface'], 'the reason says more');
    world.prepareResult = async () => {
      world.lacking = [];
    };
    await seconds(world, watch, 65);
    assert.equal(world.published?.hosts.alpha?.lacks, []);
  });
});

watch('never prepares beside an operation, and a look that hangs holds nothing up', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  world.busy = true;
  await watching(world, async (watch) => {
    await seconds(world, watch, 5);
    assert.equal([world.calls, world.published?.hosts.alpha?.lacks], [[], undefined]);
    world.busy = false;
    const hanging = Promise.withResolvers<void>();
    world.prepareResult = () => hanging.promise;
    await seconds(world, watch, 65);
    assert.equal(world.calls, ['prepare alpha']);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 9);
    assert.equal(takeovers(world), ['failover alpha']);
    hanging.resolve();
  });
});

watch('goes on where nothing can be written, tells it once, and takes over', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  const full = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  world.publish = full;
  world.updateEvidence = full;
  await watching(world, async (watch) => {
    await seconds(world, watch, 10);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 10);
    assert.equal(takeovers(world), ['failover alpha']);
    const told = world.events.map(({ event }) => event).filter((event) => event.endsWith('-unwritten'));
    assert.equal(told.sort(), ['evidence-unwritten', 'snapshot-unwritten']);
  });
});

watch('does not take its own hold-ups for silence', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 2);
    // The standby stands still; then the rounds that were missed follow at once.
    world.clock.jump(20_000);
    for (let round = 0; round < 20; round += 1) await watch.tick();
    assert.is(world.state('alpha'), 'protected');
    assert.equal(takeovers(world), []);
    await seconds(world, watch, 10);
    assert.equal(takeovers(world), ['failover alpha']);
  });
});

watch('is not affected when the clock is set back or forward by an hour', async () => {
  for (const step_ms of [-3_600_000, 3_600_000]) {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'protected');
    await watching(world, async (watch) => {
      await seconds(world, watch, 3);
      world.clock.wall_ms += step_ms;
      const before_ms = world.published?.moment.bootTime_ms;
      await seconds(world, watch, 5);
      assert.is(world.published?.moment.bootTime_ms, (before_ms ?? 0) + 5000, 'no rounds were made');
      assert.equal([world.state('alpha'), takeovers(world)], ['protected', []]);
      world.answering.set('alpha', NOTHING);
      await seconds(world, watch, 9);
      assert.equal(takeovers(world), ['failover alpha'], 'its silence was not noticed');
    });
  }
});

watch('keeps a pause as long as it was asked for, whatever the clock is set to', async () => {
  for (const step_ms of [-7_200_000, 7_200_000]) {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'protected');
    const paused = pauseFor(60_000, 'kernel update', world.clock);
    world.states.set('alpha', { version: 1, state: 'protected', since: '2026-01-01T00:00:00.000Z', paused });
    await watching(world, async (watch) => {
      await seconds(world, watch, 3);
      world.clock.wall_ms += step_ms;
      world.answering.set('alpha', NOTHING);
      await seconds(world, watch, 50);
      assert.equal(takeovers(world), []);
      await seconds(world, watch, 10);
      assert.equal(takeovers(world), ['failover alpha']);
    });
  }
});

watch('fails over a host that is unreachable on all probes, once, while the others continue', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  world.addHost(exampleHost('beta'), 'protected');
  const takeover = Promise.withResolvers<void>();
  world.failoverResult = () => takeover.promise;
  await watching(world, async (watch) => {
    await seconds(world, watch, 5);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 4);
    assert.is(world.state('alpha'), 'suspect');
    assert.equal(takeovers(world), []);
    await seconds(world, watch, 4);
    assert.equal(takeovers(world), ['failover alpha']);
    const proof = world.evidence.get('beta')?.lastProof?.receivedAt;
    await seconds(world, watch, 10);
    assert.equal(takeovers(world), ['failover alpha']);
    assert.is.not(world.evidence.get('beta')?.lastProof?.receivedAt, proof);
    assert.is(world.published?.hosts.alpha?.running, 'failover');
    takeover.resolve();
  });
});

watch('takes over two hosts at once', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  world.addHost(exampleHost('beta'), 'protected');
  const takeover = Promise.withResolvers<void>();
  world.failoverResult = () => takeover.promise;
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    for (const host of ['alpha', 'beta']) world.answering.set(host, NOTHING);
    await seconds(world, watch, 9);
    assert.equal(takeovers(world), ['failover alpha', 'failover beta']);
    takeover.resolve();
  });
});

const alive: [what: string, paths: ProbePath[]][] = [
  ['mirror writes', ['iscsi']],
  ['ping', ['icmp']],
  ['reports', ['ssh']],
  ['the service', ['service']],
];
for (const [what, paths] of alive) {
  watch(`never fails over while ${what} alone answers`, async () => {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'protected');
    await watching(world, async (watch) => {
      await seconds(world, watch, 3);
      world.answering.set('alpha', new Set(paths));
      await seconds(world, watch, 60);
      assert.equal(takeovers(world), []);
      assert.is(world.state('alpha'), 'protected');
    });
  });
}

const held: [what: string, prepare: (world: FakeWorld) => void][] = [
  ['by hand only', (world) => (world.configured = { alpha: exampleHost('alpha', { policy: 'manual' }) })],
  [
    'paused',
    (world) => {
      const until = new Date(world.clock.wall_ms + 3_600_000).toISOString();
      world.states.set('alpha', { version: 1, state: 'protected', since: until, paused: { until, reason: 'repair' } });
    },
  ],
  ['already degraded', (world) => world.reports.set('alpha', { standbyLegState: 'faulty' })],
  ['cut off with the standby', (world) => (world.networkSample = { carrier: false, gateway: 'unknown' })],
  ['unreachable together with the gateway', (world) => (world.networkSample = { carrier: true, gateway: 'missed' })],
];
for (const [what, prepare] of held) {
  watch(`does not take over a host that is ${what}`, async () => {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'protected');
    prepare(world);
    await watching(world, async (watch) => {
      await seconds(world, watch, 3);
      world.answering.set('alpha', NOTHING);
      await seconds(world, watch, 60);
      assert.equal(takeovers(world), []);
    });
  });
}

watch('does not take over while the target says nothing', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    world.answering.set('alpha', NOTHING);
    const iscsi = world.probersOf.get('alpha')?.iscsi;
    assert.ok(iscsi);
    iscsi.usable = false;
    await seconds(world, watch, 60);
    assert.equal(takeovers(world), []);
    assert.is(world.state('alpha'), 'suspect');
  });
});

watch('a host is as good as the worst of its volumes, and evidence is kept for each', async () => {
  const world = new FakeWorld();
  const alpha = exampleHost('alpha');
  const [data] = alpha.volumes;
  assert.ok(data);
  alpha.volumes.push({ ...data, name: 'archive', lun: 2 });
  world.addHost(alpha, 'protected');
  const report = (change: Partial<PrimaryReport>) =>
    world.probersOf.get('alpha')?.ssh.others.set('archive', wholeReport(0, world.clock, change));
  await watching(world, async (watch) => {
    await seconds(world, watch, 1);
    report({ standbyLegState: 'faulty' });
    await seconds(world, watch, 3);
    assert.is(world.state('alpha'), 'degraded');
    assert.ok(world.evidence.get('alpha/archive')?.degradedSince);
    assert.is(world.evidence.get('alpha')?.degradedSince, undefined);
    assert.ok(world.evidence.get('alpha')?.lastProof);
    assert.is(world.evidence.get('alpha/archive')?.lastProof, undefined);
    for (let second = 0; second < 3; second += 1) {
      report({ epoch: world.ownership('alpha', 'archive').epoch });
      await world.second(watch);
    }
    assert.is(world.state('alpha'), 'protected');
    assert.ok(world.evidence.get('alpha/archive')?.lastProof);
    assert.equal(world.changes, ['alpha archive 7 leg-lost', 'alpha archive 8 in-sync']);

    world.answering.set('alpha', NOTHING);
    world.power = 'off';
    await seconds(world, watch, 10);
    assert.ok(world.changes.includes('alpha archive 9 proven-off'), world.changes.join());
  });
});

watch('records once that the machine is off', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha', { policy: 'manual' }), 'protected');
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    world.answering.set('alpha', NOTHING);
    world.power = 'off';
    await seconds(world, watch, 4);
    assert.equal(world.changes, ['alpha data 7 proven-off']);
    await seconds(world, watch, 5);
    assert.equal(world.changes, ['alpha data 7 proven-off']);
  });
});

watch('an off that comes after the lease has run out leaves the record as it is', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha', { policy: 'manual' }), 'protected');
  world.heardAge_ms = 12_000;
  await watching(world, async (watch) => {
    world.answering.set('alpha', NOTHING);
    world.power = 'off';
    await seconds(world, watch, 10);
    assert.equal(world.changes, []);
  });
});

watch('tries again what failed, later each time, and tells', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  world.failoverResult = async () => {
    throw new SpareError('refused', 'LEG_NOT_PROVEN', 'Cannot take over alpha', { hint: 'Look' });
  };
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 60);
    const count = takeovers(world).length;
    assert.ok(count >= 3 && count <= 5, `${count} attempts`);
    assert.is(world.published?.hosts.alpha?.failure?.code, 'LEG_NOT_PROVEN');
    assert.ok(world.events.some(({ event }) => event === 'failover-failed'));
  });
});

watch('puts a dropped leg back when the session is there, and not before', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  await watching(world, async (watch) => {
    world.reports.set('alpha', { standbyLegState: 'faulty', sessionLoggedIn: false });
    await seconds(world, watch, 10);
    assert.is(world.state('alpha'), 'degraded');
    assert.ok(world.evidence.get('alpha')?.degradedSince);
    assert.equal(world.calls, ['prepare alpha']);
    world.reports.set('alpha', { standbyLegState: 'faulty' });
    await seconds(world, watch, 2);
    assert.equal(world.calls, ['prepare alpha', 'remirror alpha']);
    await echoing(world, watch, 3);
    assert.is(world.state('alpha'), 'protected');
    assert.is(world.evidence.get('alpha')?.degradedSince, undefined);
  });
});

for (const state of ['enrolled', 'syncing', 'protected', 'degraded', 'suspect'] as const) {
  watch(`makes good what the standby lost with its power, before its leg is put back (${state})`, async () => {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha', { policy: 'manual' }), state);
    world.lost.add('alpha');
    const made = Promise.withResolvers<void>();
    world.resyncLostWritesResult = () => made.promise;
    // The array has not noticed: nothing was written meanwhile.
    world.reports.set('alpha', { sessionLoggedIn: false });
    await watching(world, async (watch) => {
      await seconds(world, watch, 10);
      assert.equal(world.calls, ['prepare alpha', 'make good alpha']);
      assert.is.not(world.state('alpha'), 'protected');
      assert.is(world.evidence.get('alpha')?.lastProof, undefined);
      assert.is(world.published?.hosts.alpha?.running, 'resync-lost-writes');
      world.reports.set('alpha', { standbyLegState: 'missing', sessionLoggedIn: false });
      await seconds(world, watch, 2);
      assert.is(world.evidence.get('alpha')?.lastReport?.standbyLegState, 'missing');
      made.resolve();
      world.reports.set('alpha', { standbyLegState: 'missing' });
      await seconds(world, watch, 15);
      assert.equal(world.calls.slice(2, 3), state === 'enrolled' ? [] : ['remirror alpha']);
    });
  });
}

watch('takes no report for a proof while the target does not say what its leg lacks', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'degraded');
  world.targetAnswers = false;
  await watching(world, async (watch) => {
    await seconds(world, watch, 5);
    assert.is(world.state('alpha'), 'degraded');
    assert.is(world.evidence.get('alpha')?.lastProof, undefined);
    assert.is(world.evidence.get('alpha')?.lastReport?.standbyLegState, 'in_sync,write_mostly');
    world.targetAnswers = true;
    await seconds(world, watch, 2);
    assert.is(world.state('alpha'), 'protected');
  });
});

const notMadeGood: [what: string, prepare: (world: FakeWorld) => void][] = [
  ['can not be reached', (world) => world.answering.set('alpha', new Set(['icmp', 'service']))],
  ['is passive', (world) => world.reports.set('alpha', { passive: true, arrayState: 'missing' })],
  ['is taken over', (world) => world.states.set('alpha', { version: 1, state: 'taken-over', since: '2026-01-01' })],
  [
    'is paused',
    (world) => {
      const until = new Date(world.clock.wall_ms + 3_600_000).toISOString();
      world.states.set('alpha', { version: 1, state: 'protected', since: until, paused: { until, reason: 'repair' } });
    },
  ],
];
for (const [what, prepare] of notMadeGood) {
  watch(`makes nothing good with a host that ${what}`, async () => {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'protected');
    world.lost.add('alpha');
    prepare(world);
    await watching(world, async (watch) => {
      await seconds(world, watch, 15);
      assert.equal(world.calls, ['prepare alpha']);
    });
  });
}

watch('a state that cannot be read any more is remembered, and told once', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    world.record = () => {
      throw new SpareError('precondition', 'RECORD_DAMAGED', 'Cannot read alpha.json', { hint: 'Restore it' });
    };
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 10);
    assert.is(world.state('alpha'), 'suspect', 'it is watched on');
    assert.is(world.events.filter(({ event }) => event === 'record-unread').length, 1);
    assert.not.ok(world.events.some(({ event }) => event === 'host-unwatched'));
  });
});

watch('a fence that failed is not hidden by what it leads to, and is gone when the host answers', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  let code = 'FENCE_FAILED';
  world.failoverResult = async () => {
    throw new SpareError('refused', code, 'Cannot confirm that alpha is off', { hint: 'Switch it off' });
  };
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 8);
    code = 'LEG_NOT_PROVEN';
    await seconds(world, watch, 30);
    assert.ok(takeovers(world).length > 1);
    assert.is(watch.snapshot().hosts.alpha?.failure?.code, 'FENCE_FAILED');
    world.answering.set('alpha', new Set(['icmp']));
    await seconds(world, watch, 1);
    assert.is(watch.snapshot().hosts.alpha?.failure, undefined);
  });
});

watch('leaves the state alone while an operation holds the host', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  world.busy = true;
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 30);
    assert.is(world.state('alpha'), 'protected');
    assert.equal(takeovers(world), []);
    assert.not.ok(world.events.some(({ level }) => level === 'error'));
  });
});

watch(
  'resumes an interrupted failover where the standby owns the volume, and rolls back one where it does not',
  async () => {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'failing-over');
    await watching(world, async (watch) => {
      await seconds(world, watch, 10);
      assert.equal(takeovers(world), [], 'whoever has begun it may go on');
      await seconds(world, watch, 6);
      assert.ok(world.calls.includes('abort alpha'));
      world.owners.set('data', { owner: 'standby', epoch: 9 });
      await seconds(world, watch, 12);
      assert.equal(takeovers(world), ['failover alpha']);
    });
  },
);

watch('brings up again what was taken over and is not seen', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'taken-over');
  world.answering.set('alpha', new Set(['service']));
  await watching(world, async (watch) => {
    await seconds(world, watch, 30);
    assert.equal(world.calls, ['prepare alpha']);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 8);
    assert.equal(world.calls, ['prepare alpha', 'restore alpha']);
  });
});

watch('follows the configuration, and keeps the last valid one if it is damaged', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  await watching(world, async (watch) => {
    await seconds(world, watch, 2);
    world.addHost(exampleHost('beta'), 'syncing');
    await seconds(world, watch, 3);
    assert.is(world.state('beta'), 'protected');
    const readable = world.configuration;
    world.configuration = () => {
      throw new Error('not JSON');
    };
    await seconds(world, watch, 2);
    assert.equal(Object.keys(world.published?.hosts ?? {}), ['alpha', 'beta']);
    world.configuration = readable;
    world.configured = { beta: exampleHost('beta') };
    await seconds(world, watch, 1);
    assert.equal(Object.keys(world.published?.hosts ?? {}), ['beta']);
  });
});

watch('starts again with a host whose state file was moved aside', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  world.states.delete('alpha');
  await watching(world, async (watch) => {
    await seconds(world, watch, 1);
    assert.is(world.state('alpha'), 'degraded');
    await seconds(world, watch, 2);
    assert.is(world.state('alpha'), 'protected');
  });
});
watch('goes on with the failover of a host whose state file was moved aside, by its ownership record', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha', { policy: 'manual' }), 'taken-over');
  world.states.delete('alpha');
  world.owner = 'standby';
  await watching(world, async (watch) => {
    await seconds(world, watch, 2);
    assert.is(world.state('alpha'), 'enrolled');
    await seconds(world, watch, 20);
    assert.ok(world.calls.includes('failover alpha'));
  });
});

watch('keeps watching when the record of one host is damaged', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  world.addHost(exampleHost('beta'), 'syncing');
  const readable = world.record;
  world.record = (host, volume) => {
    if (host === 'alpha')
      throw new SpareError('precondition', 'RECORD_DAMAGED', 'Cannot read it', { hint: 'Restore it' });
    return readable(host, volume);
  };
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    assert.is(world.state('beta'), 'protected');
    assert.is(world.events.filter(({ event, host }) => event === 'record-unread' && host === 'alpha').length, 1);
    assert.not.ok(
      world.events.some(({ event, host }) => event === 'state' && host === 'alpha'),
      'nothing is recorded of what is not known',
    );
  });
});
/** Reports that echo the epoch of now, whatever it is. */
async function echoing(
  world: FakeWorld,
  watch: Watch,
  count: number,
  change: Partial<PrimaryReport> = {},
): Promise<void> {
  for (let second = 0; second < count; second += 1) {
    world.reports.set('alpha', { epoch: world.epoch, ...change });
    await world.second(watch);
  }
}

watch('records that both legs are in sync, and only then takes the host for protected', async () => {
  for (const owner of ['primary', 'fill'] as const) {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'syncing');
    world.owner = owner;
    await watching(world, async (watch) => {
      world.hasSession = false;
      await echoing(world, watch, 3);
      assert.equal(
        [world.changes, world.state('alpha'), world.evidence.get('alpha')?.lastProof],
        [[], 'syncing', undefined],
      );
      world.hasSession = true;
      await echoing(world, watch, 1);
      assert.equal([world.changes, world.owner, world.state('alpha')], [['alpha data 7 in-sync'], 'pair', 'syncing']);
      await echoing(world, watch, 2);
      assert.equal([world.changes.length, world.state('alpha')], [1, 'protected']);
      assert.ok(world.evidence.get('alpha')?.lastProof);
    });
  }
});

watch('records a leg that was dropped without a word to the target', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  await watching(world, async (watch) => {
    world.reports.set('alpha', { standbyLegState: 'faulty', epoch: 6 });
    await seconds(world, watch, 3);
    assert.equal(world.changes, [], 'that was before the epoch');
    await echoing(world, watch, 3, { standbyLegState: 'missing', arrayState: 'missing' });
    assert.equal(world.changes, [], 'an array that does not run has lost nothing');
    await echoing(world, watch, 3, { standbyLegState: 'faulty' });
    assert.equal([world.changes, world.owner], [['alpha data 7 leg-lost'], 'primary']);
  });
});

watch('in fill, it records that the primary has everything and may go on without the standby leg', async () => {
  const stillWaiting: Partial<PrimaryReport>[] = [
    { standbyLegState: 'faulty', localLegState: 'spare' },
    { sessionLoggedIn: false, localLegState: 'faulty,in_sync' },
    { sessionLoggedIn: false, arrayState: 'missing' },
    { sessionLoggedIn: false, localLegState: 'missing' },
    { standbyLegState: 'faulty', epoch: 6 },
  ];
  const alone: Partial<PrimaryReport>[] = [
    { standbyLegState: 'faulty' },
    { standbyLegState: 'missing' },
    { sessionLoggedIn: false },
  ];
  for (const owner of ['fill', 'primary'] as const) {
    for (const change of [...stillWaiting, ...alone]) {
      const world = new FakeWorld();
      world.addHost(exampleHost('alpha'), 'syncing');
      world.owner = owner;
      await watching(world, async (watch) => {
        await echoing(world, watch, 3, change);
        const isRecorded = owner === 'fill' && alone.includes(change);
        assert.equal(world.changes, isRecorded ? ['alpha data 7 local-leg-complete'] : [], JSON.stringify(change));
      });
    }
  }
});

watch(
  'it records that the array has dropped the local leg: only the standby leg is complete from then on',
  async () => {
    for (const owner of ['pair', 'primary'] as const) {
      const world = new FakeWorld();
      world.addHost(exampleHost('alpha'), 'protected');
      world.owner = owner;
      await watching(world, async (watch) => {
        world.reports.set('alpha', { localLegState: 'faulty', epoch: 6 });
        await seconds(world, watch, 3);
        assert.equal(world.changes, [], 'that was before the epoch');
        await echoing(world, watch, 3, { localLegState: 'missing', standbyLegState: 'missing', arrayState: 'missing' });
        assert.equal(world.changes, [], 'the array does not run');
        await echoing(world, watch, 3, { localLegState: 'faulty' });
        assert.equal([world.changes, world.owner], [['alpha data 7 local-leg-lost'], 'fill']);
      });
    }
  },
);

watch('a lapsed lease, a session that is gone: nothing is green, and nothing lost', async () => {
  for (const lapse of [{ hasSession: false }, { heardAge_ms: 20_000 }, { targetAnswers: false }]) {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'protected');
    Object.assign(world, lapse);
    await watching(world, async (watch) => {
      await echoing(world, watch, 5);
      assert.equal(
        [world.changes, world.state('alpha'), world.evidence.get('alpha')?.lastProof],
        [[], 'protected', undefined],
      );
    });
  }
});

watch(
  'a change of the record that fails is told once, and tried again; one that came too late is not told',
  async () => {
    const world = new FakeWorld();
    world.addHost(exampleHost('alpha'), 'syncing');
    world.owner = 'primary';
    const failure = (code: string, message: string) => async () => {
      throw new SpareError('precondition', code, message, { hint: 'Look' });
    };
    const told = () => world.events.filter(({ event }) => event === 'ownership-failed').length;
    await watching(world, async (watch) => {
      world.changeResult = failure('OWNERSHIP_CHANGED', 'Cannot change it: another epoch');
      await echoing(world, watch, 5);
      assert.is(told(), 0);
      world.changeResult = failure('ENOSPC', 'Cannot write it');
      await echoing(world, watch, 10);
      assert.is(told(), 1);
      assert.ok(world.changes.length > 5, `${world.changes.length} attempts`);
      world.changeResult = async () => {};
      await echoing(world, watch, 2);
      assert.is(world.owner, 'pair');
    });
  },
);

watch('goes on while its snapshot cannot be written, and tells that once', async () => {
  const world = new FakeWorld();
  world.addHost(exampleHost('alpha'), 'protected');
  const publish = world.publish;
  world.publish = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  await watching(world, async (watch) => {
    await seconds(world, watch, 3);
    world.answering.set('alpha', NOTHING);
    await seconds(world, watch, 9);
    assert.equal(takeovers(world), ['failover alpha']);
    const told = () => world.events.filter(({ event }) => event === 'snapshot-unwritten').length;
    assert.is(told(), 1);
    world.publish = publish;
    await seconds(world, watch, 1);
    assert.ok(world.published);
  });
});

watch.run();
