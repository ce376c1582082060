import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { statusText } from '../../src/cli/status-view.ts';
import { watchText } from '../../src/cli/watch-view.ts';
import type { HostRecord } from '../../src/hosts/host-record.ts';
import { type StatusFacts, statusReport } from '../../src/status/status-report.ts';
import { SpareError } from '../../src/std/errors.ts';
import type {
  HostTargetStatus,
  NotServed,
  TargetStatus,
  VolumeTargetStatus,
} from '../../src/target/client/control-protocol.ts';
import type { ProbePath, Sample } from '../../src/watch/probe-paths.ts';
import type { HostSnapshot, WatchSnapshot } from '../../src/watch/watch-file.ts';
import { FakeClock } from '../fixtures/fake-clock.ts';
import { exampleHost, wholeReport } from '../watch/example-host.ts';

const NOW_ms = Date.parse('2026-01-02T03:04:05.000Z');
const clock = new FakeClock(NOW_ms);
const at = (age_s: number) => new Date(NOW_ms - age_s * 1000).toISOString();
const moment = (age_s: number) => ({ bootId: clock.bootId, bootTime_ms: clock.bootTime_ms() - age_s * 1000 });
/** So much later. */
const after = (duration_ms: number) => {
  const later = new FakeClock(NOW_ms);
  later.jump(duration_ms);
  return later;
};

function hostSnapshot(samples: Partial<Record<ProbePath, Sample>> = {}): HostSnapshot {
  const path = (name: ProbePath) => {
    const sample = samples[name] ?? 'answered';
    const silent = sample === 'missed';
    const lastHeardAt_ms = moment(silent ? 10 : 1).bootTime_ms;
    return { sample, misses: silent ? 9 : 0, lastHeardAt_ms, detail: silent ? 'no answer' : 'fine' };
  };
  return {
    verdict: 'alive',
    paths: { iscsi: path('iscsi'), icmp: path('icmp'), ssh: path('ssh'), service: path('service') },
  };
}

const watchOf = (hosts: WatchSnapshot['hosts'], age_s = 0.5): WatchSnapshot => ({
  version: 1,
  pid: 1,
  at: at(age_s),
  moment: moment(age_s),
  isolated: false,
  hosts,
});

const protectedRecord: HostRecord = {
  version: 1,
  state: 'protected',
  since: at(7200),
  lastProof: wholeReport(1000, clock),
  lastReport: wholeReport(1000, clock),
};

const DEGRADED = { state: 'degraded', since: at(60) } as const;

function targetOf(
  names: string[],
  lost: VolumeTargetStatus['lost'] = [],
  notServed: NotServed | null = null,
): TargetStatus {
  return {
    pid: 1,
    startedAt: 0,
    portal: '',
    hosts: names.map(
      (host) => ({ host, volumes: [{ volume: 'data', lost, notServed }] }) as unknown as HostTargetStatus,
    ),
  };
}

function facts(records: Record<string, HostRecord>, change: Partial<StatusFacts> = {}): StatusFacts {
  const names = Object.keys(records);
  return {
    clock,
    unfinished: () => [],
    space: [],
    watchLocked: false,
    standby: { sshKey: '/etc/spare/ssh/id_ed25519', knownHosts: '/etc/spare/ssh/known_hosts' },
    hosts: names.map((name) => exampleHost(name)),
    record: (host) => records[host],
    watch: watchOf(Object.fromEntries(names.map((name) => [name, hostSnapshot()]))),
    target: targetOf(names),
    ...change,
  };
}

const view = suite('status');

view('an unfinished operation is shown, unless the state of the host says so already', () => {
  const unfinished = () => [{ operation: 'set', since: at(60), again: "run 'spare set alpha' again" }];
  const problemsOf = (state: HostRecord['state']) =>
    statusReport(facts({ alpha: { ...protectedRecord, state } }, { unfinished })).hosts[0]?.problems ?? [];
  const [problem] = problemsOf('protected');
  assert.match(problem?.sentence ?? '', `'set' started at ${at(60)} and did not finish`);
  assert.match(problem?.sentence ?? '', "run 'spare set alpha' again");
  assert.not.ok(problemsOf('failing-over').some(({ sentence }) => sentence.includes("'set'")));
});

view('a failover whose end could not be written to the journal is no problem of a host that has left it', () => {
  const unfinished = () => [{ operation: 'failover', since: at(60), again: "run 'spare failover alpha' again" }];
  assert.equal(statusReport(facts({ alpha: protectedRecord }, { unfinished })).hosts[0]?.problems, []);
});

view('a standby that is not ready for a failover is a problem of the host, with one command', () => {
  const lacks = ['the namespaces of alpha are not prepared', 'the kernel module raid1 is not loaded'];
  const watch = watchOf({ alpha: { ...hostSnapshot(), lacks }, beta: { ...hostSnapshot(), lacks: [] } });
  const report = statusReport(facts({ alpha: protectedRecord, beta: protectedRecord }, { watch }));
  assert.is(report.attention, true);
  assert.equal(report.hosts[1]?.problems, []);
  assert.equal(report.hosts[0]?.problems, [
    {
      sentence: `The standby is not ready for a failover: ${lacks.join('; ')}`,
      command: '/usr/local/lib/spare/service prepare alpha',
    },
  ]);
});

view('space that runs out is a problem of the standby, before there is none', () => {
  const space = {
    path: '/var/lib/spare',
    holds: 'the states and journals of the hosts',
    size_bytes: 2 ** 40,
    free_bytes: 255 * 2 ** 20,
    freeInodes: 1_000_000,
    wanted_bytes: 256 * 2 ** 20,
  };
  const problemsOf = (change: Partial<typeof space>) =>
    statusReport(facts({ alpha: protectedRecord }, { space: [{ ...space, ...change }] })).problems;
  assert.equal(problemsOf({}), [
    {
      sentence:
        'The file system of /var/lib/spare is nearly full: 255 MiB left. A failover must write there (the states and journals of the hosts)',
      command: 'df -h /var/lib/spare',
    },
  ]);
  assert.equal(problemsOf({ free_bytes: 256 * 2 ** 20 }), []);
  // A small file system is not always short.
  assert.equal(problemsOf({ size_bytes: 2 ** 30 }), []);
  assert.is(problemsOf({ size_bytes: 2 ** 30, free_bytes: 50 * 2 ** 20 }).length, 1);
  assert.match(problemsOf({ free_bytes: 2 ** 39, freeInodes: 999 })[0]?.sentence ?? '', '999 inodes left');
});

view('is a plain table when all is well', () => {
  const report = statusReport(facts({ alpha: protectedRecord, beta: protectedRecord }));
  assert.is(report.attention, false);
  assert.is(
    statusText(report),
    [
      'HOST   STATE      MIRROR   CONFIRMED  ISCSI   ICMP    SSH     SERVICE  POLICY',
      'alpha  protected  in-sync  1 s ago    ok 1 s  ok 1 s  ok 1 s  ok 1 s   auto',
      'beta   protected  in-sync  1 s ago    ok 1 s  ok 1 s  ok 1 s  ok 1 s   auto',
    ].join('\n'),
  );
});

view('shows the volumes of a host that has more than one, and the host as the worst of them', () => {
  const alpha = exampleHost('alpha');
  const [data] = alpha.volumes;
  assert.ok(data);
  alpha.volumes.push({ ...data, name: 'archive', lun: 2 });
  const records: Record<string, HostRecord> = {
    data: protectedRecord,
    archive: {
      ...protectedRecord,
      degradedSince: at(60),
      lastProof: wholeReport(61_000, clock),
      lastReport: wholeReport(1000, clock, { volume: 'archive', standbyLegState: 'faulty' }),
    },
  };
  const record = (_host: string, volume: string): HostRecord => ({ ...records[volume], ...DEGRADED }) as HostRecord;
  const ownership = { epoch: 3, owner: 'pair', cause: 'in-sync' };
  const volumes = [
    { volume: 'data', lost: [], notServed: null, ownership },
    { volume: 'archive', lost: [], notServed: { reason: 'Cannot open it', hint: 'Look at the pool' } },
  ];
  const target = { ...targetOf([]), hosts: [{ host: 'alpha', volumes } as unknown as HostTargetStatus] };
  const report = statusReport(facts({ alpha: protectedRecord }, { hosts: [alpha], record, target }));
  const text = statusText(report);
  assert.is(
    text.split('\n').slice(0, 4).join('\n'),
    [
      'HOST       STATE     MIRROR   CONFIRMED  ISCSI   ICMP    SSH     SERVICE  POLICY',
      'alpha      degraded  broken   61 s ago   ok 1 s  ok 1 s  ok 1 s  ok 1 s   auto',
      '  data               in-sync  1 s ago',
      '  archive            broken   61 s ago',
    ].join('\n'),
  );
  assert.match(text, '! alpha: Volume archive: Not mirrored: the LUN is not served. Cannot open it');
  assert.match(text, '! alpha: Volume archive: Mirror broken since');
  assert.not.match(text, 'Volume data');
  assert.equal(
    report.hosts[0]?.volumes.map((one) => [one.name, one.proof.fresh, one.notServed !== null, one.ownership]),
    [
      ['data', true, false, ownership],
      ['archive', false, true, null],
    ],
  );
});

view('goes by the boot clock: one that is set back or forward makes nothing younger or older', () => {
  for (const step_ms of [-3_600_000, 3_600_000]) {
    const set = after(2000);
    set.wall_ms += step_ms;
    const report = statusReport(facts({ alpha: protectedRecord }, { clock: set }));
    const alpha = report.hosts[0];
    assert.equal([report.watch.running, report.watch.age_s], [true, 2.5]);
    assert.equal([alpha?.state, alpha?.proof.age_s, alpha?.mirror.reportAge_s], ['protected', 3, 3]);
    assert.is(alpha?.paths.icmp.heardAge_s, 3);
  }
});

view('takes no proof of another boot for one, however young it looks', () => {
  const rebooted = after(0);
  rebooted.bootId = '99999999-2222-3333-4444-555555555555';
  const report = statusReport(facts({ alpha: protectedRecord }, { clock: rebooted }));
  assert.is(report.hosts[0]?.state, 'unproven');
  assert.is(report.hosts[0]?.proof.age_s, 1);
  assert.is(report.watch.running, false);
});

view('lists a stopped watch and target first, and shows no outdated probe as current', () => {
  const report = statusReport(facts({ alpha: protectedRecord }, { clock: after(60_000), target: undefined }));
  assert.is(report.attention, true);
  assert.is(
    statusText(report),
    [
      '! standby: The watch is not running (last seen 61 s ago): automatic failover is off, and the table below may be outdated',
      '    Run: systemctl start spare-watch',
      '! standby: The target is not running: no host is mirrored',
      '    Run: systemctl start spare-serve',
      '',
      'HOST   STATE     MIRROR   CONFIRMED  ISCSI  ICMP  SSH  SERVICE  POLICY',
      'alpha  unproven  in-sync  61 s ago   ?      ?     ?    ?        auto',
      '',
      '! alpha: Mirror last confirmed in sync 61 s ago; no newer report: the watch is not running',
      '    Run: systemctl status spare-watch',
    ].join('\n'),
  );
});

view('tells how much the standby may have lost, and what happens next', () => {
  const lost = [
    { offset_bytes: 0, length_bytes: 16 * 2 ** 20 },
    { offset_bytes: 64 * 2 ** 20, length_bytes: 32 * 2 ** 20 },
  ];
  const target = targetOf(['alpha'], lost);
  const report = statusReport(facts({ alpha: protectedRecord }, { target }));
  assert.is(report.attention, true);
  assert.equal(report.hosts[0]?.volumes[0]?.lost, lost);
  assert.match(statusText(report), /alpha +protected +lost writes/);
  const told =
    'The standby lost power, or its disk failed: 48 MiB of the standby leg may be stale. Mirroring is stopped until those ranges are marked for resync.';
  assert.equal(report.hosts[0]?.problems, [
    { sentence: `${told} The watch marks them as soon as alpha is reachable`, command: 'journalctl -u spare-watch' },
  ]);
  const paused = { until: at(-60), reason: 'kernel update' };
  const [first] = statusReport(facts({ alpha: { ...protectedRecord, paused } }, { target })).hosts[0]?.problems ?? [];
  assert.equal(first, { sentence: `${told} That happens when the pause ends`, command: 'spare resume alpha' });
  const elsewhere = statusReport(facts({ alpha: { ...protectedRecord, state: 'taken-over' } }, { target }));
  assert.not.match(JSON.stringify(elsewhere.hosts[0]?.problems), /power/);
  assert.is(statusReport(facts({ alpha: protectedRecord }, { target: undefined })).hosts[0]?.volumes[0]?.lost, null);
});

view('says why a LUN is not served, and what to do', () => {
  const notServed = {
    reason: 'Cannot open /pool/alpha/leg.img: ENOENT',
    hint: "See whether the pool is mounted: 'findmnt'",
  };
  const report = statusReport(facts({ alpha: protectedRecord }, { target: targetOf(['alpha'], [], notServed) }));
  assert.is(report.attention, true);
  assert.equal(report.hosts[0]?.volumes[0]?.notServed, notServed);
  assert.match(
    statusText(report),
    [
      '',
      "! alpha: Not mirrored: the LUN is not served. Cannot open /pool/alpha/leg.img: ENOENT. See whether the pool is mounted: 'findmnt'",
      '    Run: journalctl -u spare-serve',
    ].join('\n'),
  );
  const forgotten = statusReport(facts({ alpha: protectedRecord }, { target: targetOf([]) }));
  assert.match(forgotten.hosts[0]?.volumes[0]?.notServed?.reason ?? '', 'The target does not serve alpha');
  assert.match(statusText(forgotten), 'systemctl restart spare-serve');
  assert.is(
    statusReport(facts({ alpha: protectedRecord }, { target: undefined })).hosts[0]?.volumes[0]?.notServed,
    null,
  );
});

view('a watch that runs and has not reported yet is not told to be stopped', () => {
  const starting = statusReport(facts({ alpha: protectedRecord }, { watch: undefined, watchLocked: true }));
  assert.equal([starting.watch.running, starting.attention], [false, true]);
  assert.match(starting.problems[0]?.sentence ?? '', /^The watch is running, but has not reported/);
  const stopped = statusReport(facts({ alpha: protectedRecord }, { watch: undefined }));
  assert.match(stopped.problems[0]?.sentence ?? '', /^The watch is not running/);
});

view('of an enrolment that has not finished, the hint is to enrol again, and no daemon is to be restarted', () => {
  for (const record of [{ ...protectedRecord, state: 'enrolled' as const }, undefined]) {
    const report = statusReport(facts({ alpha: protectedRecord }, { target: targetOf([]), record: () => record }));
    assert.match(report.hosts[0]?.volumes[0]?.notServed?.hint ?? '', "run the same 'spare enroll alpha' command again");
    assert.not.match(statusText(report), /spare-serve/);
  }
});

/** The target's status of alpha, with the owner of its volume. */
function ownedBy(owner: 'pair' | 'primary' | 'standby'): TargetStatus {
  const target = targetOf(['alpha']);
  for (const { volumes } of target.hosts)
    for (const volume of volumes) volume.ownership = { epoch: 7, owner, cause: 'in-sync' };
  return target;
}

view('without a fresh proof, names the path that is missing', () => {
  const { lastProof: _never, ...record } = protectedRecord;
  const said = (change: Partial<StatusFacts>, report = record.lastReport) =>
    statusReport(facts({ alpha: { ...record, ...(report && { lastReport: report }) } }, change)).hosts[0];
  const lost = said({ target: ownedBy('primary') });
  assert.is(lost?.state, 'unproven');
  assert.match(lost?.problems[0]?.sentence ?? '', "the ownership record says 'primary'");
  const down = said({ target: ownedBy('pair') }, wholeReport(1000, clock, { sessionLoggedIn: false }));
  assert.match(down?.problems[0]?.sentence ?? '', 'the iSCSI session of the primary is down');
  const silent = said({ target: ownedBy('pair'), watch: watchOf({ alpha: hostSnapshot({ iscsi: 'missed' }) }) });
  assert.match(silent?.problems[0]?.sentence ?? '', 'the target does not hear the primary (no answer)');
});

view('an interrupted failover: the command follows the ownership record', () => {
  const problem = (target: TargetStatus) =>
    statusReport(facts({ alpha: { ...protectedRecord, state: 'failing-over' } }, { target })).hosts[0]?.problems[0];
  assert.is(problem(ownedBy('pair'))?.command, 'spare failover alpha --abort');
  assert.is(problem(ownedBy('standby'))?.command, 'spare failover alpha');
});

view('a file that cannot be read is a problem of its host alone', () => {
  const damaged = new SpareError('precondition', 'RECORD_DAMAGED', 'Cannot read alpha.json', { hint: 'Restore it' });
  const records = { alpha: protectedRecord, beta: protectedRecord };
  const record = (host: string) => {
    if (host === 'alpha') throw damaged;
    return protectedRecord;
  };
  const { hosts, attention } = statusReport(facts(records, { record }));
  assert.equal([hosts.map(({ state }) => state), attention], [[null, 'protected'], true]);
  assert.equal(hosts[0]?.problems, [{ sentence: 'State unknown: Cannot read alpha.json. Restore it' }]);
  assert.equal(hosts[1]?.problems, []);
});

view('where no report comes, the command shows why', () => {
  const commandFor = (ssh: 'answered' | 'missed') => {
    const { lastProof: _never, ...record } = protectedRecord;
    const watch = watchOf({ alpha: hostSnapshot({ ssh }) });
    return statusReport(facts({ alpha: record }, { watch })).hosts[0]?.problems[0];
  };
  assert.match(commandFor('missed')?.sentence ?? '', /no report over SSH \(/);
  for (const ssh of ['missed', 'answered'] as const) {
    assert.match(commandFor(ssh)?.command ?? '', /^ssh -i .* root@10.77.0.11 cat \/proc\/mdstat$/);
  }
});

view('shows a dead host, a taken-over one whose primary is back, and one that is resyncing', () => {
  const copying = wholeReport(1000, clock, {
    standbyLegState: 'spare,write_mostly',
    syncAction: 'recover',
    syncFraction: 0.43,
    syncSpeed_bytes_s: 52_000_000,
  });
  const { lastProof: _never, ...unproven } = protectedRecord;
  const report = statusReport(
    facts(
      {
        alpha: { ...protectedRecord, state: 'suspect', since: at(8), lastProof: wholeReport(10_000, clock) },
        beta: {
          ...protectedRecord,
          state: 'taken-over',
          since: at(3600),
          lastReport: wholeReport(1000, clock, { passive: true }),
        },
        gamma: { ...unproven, state: 'syncing', since: at(60), lastReport: copying },
      },
      {
        watch: watchOf({
          alpha: hostSnapshot({ iscsi: 'missed', icmp: 'missed', ssh: 'missed', service: 'missed' }),
          beta: hostSnapshot({ iscsi: 'unknown' }),
          gamma: hostSnapshot(),
        }),
      },
    ),
  );
  assert.is(
    statusText(report),
    [
      'HOST   STATE       MIRROR        CONFIRMED  ISCSI      ICMP       SSH        SERVICE    POLICY',
      'alpha  suspect     in-sync       10 s ago   MISS 10 s  MISS 10 s  MISS 10 s  MISS 10 s  auto',
      'beta   taken-over  in-sync       1 s ago    ?          ok 1 s     ok 1 s     ok 1 s     auto',
      'gamma  syncing     copying 43 %  never      ok 1 s     ok 1 s     ok 1 s     ok 1 s     auto',
      '',
      '! alpha: Unreachable on all probes since 2026-01-02T03:03:57.000Z',
      '! alpha: Mirror last confirmed in sync 10 s ago; no report over SSH (no answer)',
      '! beta: Served by the standby since 2026-01-02T02:04:05.000Z. The primary is up and passive: fail back when convenient',
      '    Run: spare failback beta',
      '! gamma: Resyncing the standby leg: failover is not possible until it is in sync (43 %, 52.0 MB/s, 11 s left)',
    ].join('\n'),
  );
});

const wrong: [
  what: string,
  record: Partial<HostRecord> | undefined,
  snapshot: HostSnapshot,
  sentence: RegExp,
  command?: RegExp,
][] = [
  ['no record', undefined, hostSnapshot(), /State unknown/],
  ['enrolled', { state: 'enrolled' }, hostSnapshot(), /initial resync has not started/],
  [
    'degraded',
    { state: 'degraded', degradedSince: at(100), lastReport: wholeReport(0, clock, { standbyLegState: 'faulty' }) },
    hostSnapshot(),
    /broken since 2026-01-02T03:02:25.*on the local leg only/,
    /^ssh -i \/etc\/spare\/ssh\/id_ed25519 -o UserKnownHostsFile=\/etc\/spare\/ssh\/known_hosts -o HostKeyAlias=alpha root@10.77.0.11 cat \/proc\/mdstat$/,
  ],
  [
    'degraded because the local leg failed: the standby leg has every write',
    { state: 'degraded', degradedSince: at(100), lastReport: wholeReport(0, clock, { localLegState: 'faulty' }) },
    hostSnapshot(),
    /The local leg \/dev\/disk\/by-id\/virtio-data has been out of the array since .* \(faulty\): only the standby leg has every write/,
    /^spare failover alpha --dry-run$/,
  ],
  [
    'dead while its mirror was broken: no automatic failover',
    { state: 'degraded', lastReport: wholeReport(0, clock, { standbyLegState: 'faulty' }) },
    hostSnapshot({ iscsi: 'missed', icmp: 'missed', ssh: 'missed', service: 'missed' }),
    /^Unreachable on all probes\. Automatic failover skipped/,
    /^spare failover alpha --dry-run$/,
  ],
  [
    'resyncing from the standby, which does not prevent a failover',
    { state: 'syncing', lastReport: wholeReport(0, clock, { localLegState: 'spare', syncAction: 'recover' }) },
    hostSnapshot(),
    /Resyncing the local leg; the standby leg has every write/,
  ],
  [
    'a mirror mismatch',
    { legsDiffer: { at: at(100), sectors: 8 } },
    hostSnapshot(),
    /^Mirror mismatch: 8 sectors, found at 2026-01-02T03:02:25/,
    /^spare failback alpha$/,
  ],
  [
    'legs that were not compared after a failback',
    { comparisonDue: true },
    hostSnapshot(),
    /^The legs have not been compared since the failback/,
    /^spare failback alpha$/,
  ],
  ['an interrupted failover', { state: 'failing-over' }, hostSnapshot(), /did not finish/, /^spare failover alpha$/],
  ['an interrupted failback', { state: 'failing-back' }, hostSnapshot(), /did not finish/, /^spare failback alpha$/],
  [
    'taken over, but not answering',
    { state: 'taken-over' },
    hostSnapshot({ service: 'missed' }),
    /does not answer on the standby/,
  ],
  [
    'up, but not serving',
    {},
    hostSnapshot({ service: 'missed' }),
    /primary is up, but the service does not answer \(no answer\)/,
  ],
  [
    'paused',
    { paused: { until: at(-60), reason: 'new disk' } },
    hostSnapshot(),
    /until 2026-01-02T03:05:05.000Z: new disk/,
  ],
  [
    'a failed failover',
    {},
    { ...hostSnapshot(), failure: { action: 'failover', at: at(3), code: 'X', message: 'Cannot fence', hint: 'Look' } },
    /failover failed at .*: Cannot fence. Look/,
  ],
];
for (const [what, change, snapshot, sentence, command] of wrong) {
  view(`asks for attention: ${what}`, () => {
    const records = { alpha: { ...protectedRecord, ...change } };
    const report = statusReport(
      facts(records, { watch: watchOf({ alpha: snapshot }), record: () => (change ? records.alpha : undefined) }),
    );
    assert.is(report.attention, true);
    const problem = report.hosts[0]?.problems.find((candidate) => sentence.test(candidate.sentence));
    assert.ok(problem, JSON.stringify(report.hosts[0]?.problems));
    if (command) assert.match(problem.command ?? '', command);
  });
}

view('contains no secrets', () => {
  const text = JSON.stringify(statusReport(facts({ alpha: protectedRecord })));
  assert.not.match(text, /not-a-secret|power-switch/);
});

view('is cut to the size of the terminal when watched', () => {
  const report = statusReport(facts({ alpha: protectedRecord }));
  const text = watchText(report, ['03:04:00 alpha: Heard'], { readOnly: true, columns: 40, rows: 6 });
  assert.equal(
    text.split('\n'),
    [
      'spare watch: view only, the daemon is in ',
      '',
      'HOST   STATE      MIRROR   CONFIRMED  ISCSI',
      'alpha  protected  in-sync  1 s ago    ok 1 ',
      '',
    ].map((line) => line.slice(0, 40)),
  );
});

view('tells that the programs on a primary are older: reports without an epoch prove nothing', () => {
  const { epoch: _epoch, ...older } = wholeReport(1000, clock);
  const sentencesOf = (record: HostRecord) =>
    statusReport(facts({ alpha: record })).hosts[0]?.problems.map(
      ({ sentence, command }) => `${sentence}: ${command}`,
    ) ?? [];
  const told = (record: HostRecord) => sentencesOf(record).filter((text) => text.includes('older than this version'));
  assert.match(told({ ...protectedRecord, lastReport: older })[0] ?? '', /: spare set alpha --lease 10$/);
  assert.equal(told(protectedRecord), []);
  assert.equal(told({ ...protectedRecord, state: 'taken-over', lastReport: older }), []);
});
view.run();
