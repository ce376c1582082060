import type { HostConfiguration, StandbyConfiguration, VolumeConfiguration } from '../config/schema.ts';
import type { HostRecord, Pause, PrimaryReport } from '../hosts/host-record.ts';
import type { UnfinishedOperation } from '../hosts/journal.ts';
import { isPaused } from '../hosts/pause.ts';
import { mirrorCondition } from '../mirror/condition.ts';
import { type MirrorFacts, worstVolume } from '../mirror/worst-volume.ts';
import { ageOf_ms, type BootMoment, bootTimeOf_ms } from '../std/boot-moment.ts';
import type { Clock } from '../std/clock.ts';
import { SpareError } from '../std/errors.ts';
import type { TargetStatus } from '../target/client/control-protocol.ts';
import type { ProbePath } from '../watch/probe-paths.ts';
import type { HostSnapshot, WatchSnapshot } from '../watch/watch-file.ts';
import { hostProblems } from './host-problems.ts';
import type { CopyStatus, HostStatus, MirrorStatus, Problem, ProofStatus, VolumeStatus } from './host-status.ts';
import { type FreeSpace, spaceProblems } from './space.ts';
import { unfinishedProblems } from './unfinished-problems.ts';

/** An older proof counts as expired. Reports come every second. */
const PROOF_VALID_s = 5;
/** The watch writes its snapshot every second. */
const WATCH_ALIVE_s = 5;

/** What `spare status --json` prints. */
export interface StatusReport {
  version: 1;
  at: string;
  watch: { running: boolean; age_s: number | null; isolated: boolean };
  target: { running: boolean };
  /** Problems of the standby itself. */
  problems: Problem[];
  /** False when nothing needs attention; the exit code says the same. */
  attention: boolean;
  hosts: HostStatus[];
}

export interface StatusFacts {
  clock: Clock;
  standby: Pick<StandbyConfiguration, 'sshKey' | 'knownHosts'>;
  hosts: readonly HostConfiguration[];
  record(host: string, volume: string): HostRecord | undefined;
  /** From its journal; none while an operation is running. */
  unfinished(host: string): UnfinishedOperation[];
  /** The watch's last snapshot, however old. */
  watch: WatchSnapshot | undefined;
  /** Whether a watch is running, also one that has not written a snapshot yet. */
  watchLocked: boolean;
  /** The target's status; `undefined` if it does not answer. */
  target: TargetStatus | undefined;
  /** Of the file systems that a failover must write to. */
  space: readonly FreeSpace[];
}

/** Combines everything that is known and lists the problems. Pure. */
export function statusReport(facts: StatusFacts): StatusReport {
  const watchAge_s = ageOf_s(facts.watch?.moment, facts.clock);
  const watchRuns = watchAge_s !== null && watchAge_s <= WATCH_ALIVE_s;
  const isolated = watchRuns && facts.watch?.isolated === true;
  const hosts = facts.hosts.map((host) => {
    const snapshot = watchRuns ? facts.watch?.hosts[host.name] : undefined;
    const { readable, damage } = readableRecords(host, facts);
    const volumes = host.volumes.map((volume) => volumeFacts(host, volume, readable));
    const { record } = worstVolume(volumes);
    const status = hostStatus(host, volumes, snapshot, facts.clock);
    return {
      ...status,
      problems: [
        ...(damage ? [damage] : hostProblems(status, host, record, facts.standby)),
        ...unfinishedProblems(status.state, facts.unfinished(host.name)),
      ],
    };
  });
  const problems = standbyProblems({
    watchRuns,
    watchLocked: facts.watchLocked,
    watchAge_s,
    isolated,
    targetAnswers: facts.target !== undefined,
    space: facts.space,
  });
  return {
    version: 1,
    at: facts.clock.wallTime().toISOString(),
    watch: { running: watchRuns, age_s: watchAge_s, isolated },
    target: { running: facts.target !== undefined },
    problems,
    attention: problems.length > 0 || hosts.some((host) => host.problems.length > 0),
    hosts,
  };
}

function standbyProblems(standby: {
  watchRuns: boolean;
  watchLocked: boolean;
  watchAge_s: number | null;
  isolated: boolean;
  targetAnswers: boolean;
  space: readonly FreeSpace[];
}): Problem[] {
  const problems: Problem[] = [];
  if (!standby.watchRuns && standby.watchLocked) {
    problems.push({
      sentence:
        'The watch is running, but has not reported in the last 5 s: it is starting, or it hangs. Automatic failover is off until it reports',
      command: 'journalctl -u spare-watch',
    });
  } else if (!standby.watchRuns) {
    const last = standby.watchAge_s === null ? '' : ` (last seen ${Math.round(standby.watchAge_s)} s ago)`;
    problems.push({
      sentence: `The watch is not running${last}: automatic failover is off, and the table below may be outdated`,
      command: 'systemctl start spare-watch',
    });
  }
  if (!standby.targetAnswers) {
    problems.push({
      sentence: 'The target is not running: no host is mirrored',
      command: 'systemctl start spare-serve',
    });
  }
  if (standby.isolated) {
    problems.push({ sentence: 'The standby is cut off from the network: check its cable, switch and gateway' });
  }
  return [...problems, ...spaceProblems(standby.space)];
}

type Served = Pick<VolumeStatus, 'lost' | 'notServed' | 'ownership'>;

function servedBy(
  target: TargetStatus | undefined,
  name: string,
  volumeName: string,
  record: HostRecord | undefined,
): Served {
  const unknown = { lost: null, notServed: null, ownership: null };
  if (!target) return unknown;
  const host = target.hosts.find((candidate) => candidate.host === name);
  // A daemon that was started before an update reports no volumes.
  if (host && !host.volumes) return unknown;
  const served = host?.volumes.find(({ volume }) => volume === volumeName);
  if (served) return { lost: served.lost, notServed: served.notServed, ownership: served.ownership ?? null };
  const isEnrolled = record !== undefined && record.state !== 'enrolled';
  const hint = isEnrolled
    ? 'Restart it so that it reads its configuration. Run: systemctl restart spare-serve'
    : `The enrolment has not finished. If it is not running, run the same 'spare enroll ${name}' command again`;
  return {
    ...unknown,
    notServed: { reason: `The target does not serve ${host ? `the volume ${volumeName} of ` : ''}${name}`, hint },
  };
}

/** One file that cannot be read must not hide the other hosts. */
function readableRecords(host: HostConfiguration, facts: StatusFacts): { readable: StatusFacts; damage?: Problem } {
  try {
    for (const { name } of host.volumes) facts.record(host.name, name);
    return { readable: facts };
  } catch (error) {
    if (!(error instanceof SpareError)) throw error;
    const damage = { sentence: `State unknown: ${error.message}. ${error.hint}` };
    return { readable: { ...facts, record: () => undefined }, damage };
  }
}

/** What is known of one volume. */
interface VolumeFacts extends MirrorFacts {
  configuration: VolumeConfiguration;
  /** The state of the host, with the evidence of this volume. */
  record: HostRecord | undefined;
  served: Served;
}

function volumeFacts(
  host: HostConfiguration,
  configuration: VolumeConfiguration,
  { record: recordOf, target }: StatusFacts,
): VolumeFacts {
  const record = recordOf(host.name, configuration.name);
  const served = servedBy(target, host.name, configuration.name, record);
  const lostWrites = served.lost === null ? 'unknown' : served.lost.length > 0 ? 'some' : 'none';
  return { configuration, record, served, report: record?.lastReport, lostWrites };
}

function hostStatus(
  host: HostConfiguration,
  known: readonly VolumeFacts[],
  snapshot: HostSnapshot | undefined,
  clock: Clock,
): Omit<HostStatus, 'problems'> {
  const { record, report, configuration } = worstVolume(known);
  const volumes = known.map((volume) => volumeStatus(volume, clock));
  const proof = oldestProof(volumes);
  return {
    host: host.name,
    state: record?.state === 'protected' && !proof.fresh ? 'unproven' : (record?.state ?? null),
    since: record?.since ?? null,
    policy: host.policy,
    paused: record?.paused && isPaused(record, clock) ? shownPause(record.paused) : null,
    mirror: mirrorStatus(report, configuration.standbyLeg.size_bytes, clock),
    volumes,
    proof,
    paths: pathStatus(snapshot, clock),
    running: snapshot?.running ?? null,
    failure: snapshot?.failure ?? null,
    lacks: snapshot?.lacks ?? null,
  };
}

function volumeStatus({ configuration, record, served, report }: VolumeFacts, clock: Clock): VolumeStatus {
  const { name, lun, mountPoint, standbyLeg } = configuration;
  const mirror = mirrorStatus(report, standbyLeg.size_bytes, clock);
  const proof = proofStatus(record?.lastProof, clock);
  return { name, lun, mountPoint, size_bytes: standbyLeg.size_bytes, mirror, proof, ...served };
}

function proofStatus(proof: PrimaryReport | undefined, clock: Clock): ProofStatus {
  // One of another boot proves nothing, however young the wall clock makes it.
  const provenAge_s = ageOf_s(proof?.received, clock);
  return {
    at: proof?.receivedAt ?? null,
    age_s: reportAge_s(proof, clock),
    fresh: provenAge_s !== null && provenAge_s <= PROOF_VALID_s,
  };
}

/** A host is confirmed when all of its volumes are. */
function oldestProof(volumes: readonly VolumeStatus[]): ProofStatus {
  // One that is not fresh is older than any that is, also where it is of another boot.
  const age_s = ({ fresh, age_s: known_s }: ProofStatus) => (known_s ?? Number.POSITIVE_INFINITY) + (fresh ? 0 : 1e9);
  return volumes.map(({ proof }) => proof).reduce((oldest, proof) => (age_s(proof) > age_s(oldest) ? proof : oldest));
}

function pathStatus(snapshot: HostSnapshot | undefined, clock: Clock): HostStatus['paths'] {
  const path = (name: ProbePath) => {
    const seen = snapshot?.paths[name];
    const heardAt_ms = seen?.lastHeardAt_ms ?? null;
    return {
      sample: seen?.sample ?? ('unknown' as const),
      misses: seen?.misses ?? null,
      heardAge_s: heardAt_ms === null ? null : Math.max(0, (clock.bootTime_ms() - heardAt_ms) / 1000),
      detail: seen?.detail ?? 'the watch is not running',
    };
  };
  return { iscsi: path('iscsi'), icmp: path('icmp'), ssh: path('ssh'), service: path('service') };
}

function mirrorStatus(report: PrimaryReport | undefined, size_bytes: number | undefined, clock: Clock): MirrorStatus {
  return {
    condition: report ? mirrorCondition(report) : null,
    localLeg: report?.localLegState ?? null,
    standbyLeg: report?.standbyLegState ?? null,
    copy: report ? copyStatus(report, size_bytes) : null,
    reportAge_s: reportAge_s(report, clock),
  };
}

function copyStatus(report: PrimaryReport, size_bytes: number | undefined): CopyStatus | null {
  const { syncFraction: fraction, syncSpeed_bytes_s: speed_bytes_s } = report;
  if (fraction === undefined) return null;
  if (!speed_bytes_s || size_bytes === undefined) return { fraction };
  return { fraction, speed_bytes_s, timeLeft_s: Math.ceil(((1 - fraction) * size_bytes) / speed_bytes_s) };
}

function shownPause({ until, reason }: Pause): HostStatus['paused'] {
  return { until, reason };
}

function reportAge_s(report: PrimaryReport | undefined, clock: Clock): number | null {
  if (!report) return null;
  return Math.max(0, (clock.bootTime_ms() - bootTimeOf_ms(report.receivedAt, report.received, clock)) / 1000);
}

/** `null` where it was in another boot, or never. */
function ageOf_s(moment: BootMoment | undefined, clock: Clock): number | null {
  const age_ms = ageOf_ms(moment, clock);
  return age_ms === undefined ? null : age_ms / 1000;
}
