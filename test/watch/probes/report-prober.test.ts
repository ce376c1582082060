import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Conversation } from '../../../src/machine/machine.ts';
import { bootMomentNow } from '../../../src/std/boot-moment.ts';
import { ReportProber } from '../../../src/watch/probes/report.ts';
import type { KnownOwner } from '../../../src/watch/report.ts';
import { FakeClock } from '../../fixtures/fake-clock.ts';

const LINE = {
  arrayState: 'active',
  standbyLegState: 'in_sync,write_mostly',
  localLegState: 'in_sync',
  syncAction: 'idle',
  sessionLoggedIn: true,
  passive: false,
};

/** A report program at the other end of a connection, whose answers arrive when a test sends them. */
class FakeProgram implements Conversation {
  readonly questions: string[] = [];
  hasEnded = false;
  readonly lines: AsyncIterable<string>;
  #arrived: string[] = [];
  #wake: () => void = () => {};

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => this.end(), { once: true });
    this.lines = this.#read();
  }

  ask(line: string): void {
    this.questions.push(line);
  }

  end(): void {
    this.hasEnded = true;
    this.#wake();
  }

  send(...lines: (string | object)[]): void {
    this.#arrived.push(...lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))));
    this.#wake();
  }

  async *#read(): AsyncGenerator<string> {
    while (!this.hasEnded) {
      yield* this.#arrived.splice(0);
      if (this.#arrived.length > 0 || this.hasEnded) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

interface Context {
  clock: FakeClock;
  prober: ReportProber;
  /** Every connection, the oldest first. */
  programs: FakeProgram[];
  owners: KnownOwner[];
  stop(): Promise<void>;
}

const ssh = suite<Context>('ReportProber');
ssh.before.each(async (context) => {
  const clock = new FakeClock();
  const abort = new AbortController();
  const programs: FakeProgram[] = [];
  const open = (signal: AbortSignal) => {
    const program = new FakeProgram(signal);
    programs.push(program);
    return program;
  };
  const record = {
    version: 1,
    epoch: 7,
    owner: 'pair',
    cause: 'in-sync',
    at: '',
    changed: bootMomentNow(clock),
  } as const;
  const owners: KnownOwner[] = [
    { volume: 'data', record, lease_s: 12 },
    { volume: 'home', record: undefined, lease_s: 12 },
  ];
  const prober = new ReportProber(open, async () => owners, clock);
  const ended = prober.run(abort.signal);
  await clock.advance(0);
  const stop = async () => {
    abort.abort();
    await clock.advance(0);
    await ended;
  };
  Object.assign(context, { clock, prober, programs, owners, stop });
});
ssh.after.each(({ stop }) => stop());

ssh('asks at once, and then every second, with the owner and the epoch as they are then', async (context) => {
  const { clock, programs, owners } = context;
  assert.equal(programs[0]?.questions, ['1;data 7 pair 12;home 0 unknown 12']);
  const [data, home] = owners;
  if (data?.record) context.owners.splice(0, 1, { ...data, record: { ...data.record, epoch: 8, owner: 'primary' } });
  await clock.advance(1000);
  assert.is(programs[0]?.questions[1], '2;data 8 primary 12;home 0 unknown 12');
  assert.is(home?.volume, 'home');
});

ssh('an answer is as old as its question, whenever it arrives', async ({ clock, prober, programs }) => {
  const asked = bootMomentNow(clock);
  const askedAt = clock.wallTime().toISOString();
  await clock.advance(700);
  programs[0]?.send({ question: 1, epoch: 7, recoveryTimeout_s: 12, volume: 'data', ...LINE });
  await clock.advance(0);
  const report = prober.freshReport('data', clock.bootTime_ms());
  assert.equal(report, {
    ...LINE,
    epoch: 7,
    recoveryTimeout_s: 12,
    volume: 'data',
    receivedAt: askedAt,
    received: asked,
  });
  assert.is(prober.lastHeardAt, asked.bootTime_ms);
});

ssh('answers that waited in a buffer are no sign of life, nor is one to a question never asked', async (context) => {
  const { clock, prober, programs } = context;
  await clock.advance(20_000);
  programs[0]?.send(...[1, 2, 3].map((question) => ({ question, epoch: 7, volume: 'data', ...LINE })));
  await clock.advance(0);
  assert.is(prober.freshReport('data', clock.bootTime_ms()), undefined);
  assert.is(prober.sample(clock.bootTime_ms()), 'missed');
  const heardAt = prober.lastHeardAt;
  programs[0]?.send({ question: 900, epoch: 7, volume: 'data', ...LINE });
  await clock.advance(0);
  assert.is(prober.lastHeardAt, heardAt);
});

ssh('keeps a report for each volume of the host, as long as that is fresh', async ({ clock, prober, programs }) => {
  const of = (question: number, volume: string) => ({ question, volume, ...LINE });
  programs[0]?.send(of(1, 'data'), of(1, 'other'), of(1, 'home'));
  await clock.advance(2000);
  assert.is(prober.freshReport('data', clock.bootTime_ms())?.volume, 'data');
  assert.is(prober.freshReport('other', clock.bootTime_ms()), undefined, 'a volume that the host does not have');
  programs[0]?.send(of(3, 'home'));
  await clock.advance(1000);
  assert.is(prober.freshReport('data', clock.bootTime_ms()), undefined);
  assert.is(prober.freshReport('home', clock.bootTime_ms())?.volume, 'home');
});

ssh('says nothing of a host that only greets', async ({ clock, prober, programs }) => {
  programs[0]?.send('Welcome', JSON.stringify(LINE).slice(0, 40));
  await clock.advance(0);
  assert.is(prober.lastHeardAt, null);
});

ssh(
  'a program of an older version is a sign of life without an epoch, and is started again at times',
  async (context) => {
    const { clock, prober, programs } = context;
    for (let line = 0; line < 59; line += 1) {
      await clock.advance(1000);
      programs[0]?.send(LINE);
    }
    await clock.advance(0);
    assert.is(prober.lastHeardAt, clock.bootTime_ms());
    assert.equal([prober.freshReport('data', clock.bootTime_ms())?.epoch, programs.length], [undefined, 1]);
    programs[0]?.send(LINE);
    await clock.advance(1000);
    assert.is(programs.length, 2, 'another one may be there by now');
  },
);

ssh('the questions of a new connection go there', async ({ clock, programs }) => {
  programs[0]?.end();
  await clock.advance(1500);
  const asked = programs.map(({ questions }) => questions.map((question) => Number(question.split(';')[0])));
  assert.is(asked.length, 2);
  assert.ok((asked[1] ?? []).length >= 2);
  assert.ok(Math.min(...(asked[1] ?? [])) > Math.max(...(asked[0] ?? [])));
});

ssh.run();
