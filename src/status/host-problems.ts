import type { HostConfiguration, StandbyConfiguration } from '../config/schema.ts';
import { reportedVolume } from '../config/volumes.ts';
import type { HostRecord } from '../hosts/host-record.ts';
import { sshCommandLine } from '../machine/ssh-machine.ts';
import { standbyLegAlone } from '../mirror/condition.ts';
import { PROBE_PATHS } from '../watch/probe-paths.ts';
import type { HostStatus, Problem, VolumeStatus } from './host-status.ts';

type Seen = Omit<HostStatus, 'problems'>;
/** A command line that runs a command on the host. */
type OnHost = (command: string) => string;

/** The problems of a host, most important first, each with the next step. Empty only for a host that is confirmed to be protected. */
export function hostProblems(
  seen: Seen,
  host: HostConfiguration,
  record: HostRecord | undefined,
  standby: Pick<StandbyConfiguration, 'sshKey' | 'knownHosts'>,
): Problem[] {
  const onHost: OnHost = (command) => sshCommandLine(host, standby, command);
  return [
    ...lostProblems(seen),
    ...servingProblems(seen),
    ...unreachableProblems(seen, host),
    ...differenceProblems(seen, record),
    ...comparisonProblems(seen, record),
    ...stateProblems(seen, host, record, onHost),
    ...proofProblems(seen, record, onHost),
    ...programProblems(seen, host, record),
    ...pathProblems(seen, onHost),
    ...readinessProblems(seen),
    ...automationProblems(seen, host),
  ];
}

/** The command tries once more what the watch has tried, and says why it fails. */
function readinessProblems({ host, lacks }: Seen): Problem[] {
  if (!lacks || lacks.length === 0) return [];
  return [
    {
      sentence: `The standby is not ready for a failover: ${lacks.join('; ')}`,
      command: `/usr/local/lib/spare/service prepare ${host}`,
    },
  ];
}

function stateProblems(seen: Seen, host: HostConfiguration, record: HostRecord | undefined, onHost: OnHost): Problem[] {
  const { name } = host;
  const since = seen.since ?? '';
  switch (seen.state) {
    case null:
      return [
        {
          sentence: 'State unknown: the enrolment did not finish. Run spare enroll again with the same options',
          command: 'spare enroll --help',
        },
      ];
    case 'enrolled':
      return [
        {
          sentence: 'The initial resync has not started: failover is not possible yet',
          command: onHost('cat /proc/mdstat'),
        },
      ];
    case 'syncing':
      return [
        record?.lastReport && standbyLegAlone(record.lastReport)
          ? { sentence: `Resyncing the local leg; the standby leg has every write${copyText(seen)}` }
          : { sentence: `Resyncing the standby leg: failover is not possible until it is in sync${copyText(seen)}` },
      ];
    case 'protected':
    case 'unproven':
      return [];
    case 'degraded':
      return [degradedProblem(seen, host, record, onHost)];
    case 'suspect':
      return [
        {
          sentence: PROBE_PATHS.some((path) => seen.paths[path].sample === 'answered')
            ? `Was unreachable on all probes at ${since}. It answers again but has not reported its mirror yet`
            : `Unreachable on all probes since ${since}`,
          ...(host.policy === 'manual' && { command: `spare failover ${name}` }),
        },
      ];
    case 'failing-over':
      return [
        seen.running
          ? { sentence: 'Failover is running' }
          : {
              sentence: `Failover started at ${since} and did not finish. ${failoverLeft(seen, name)}`,
              command: `spare failover ${name}${isUntaken(seen) ? ' --abort' : ''}`,
            },
      ];
    case 'taken-over':
      return [takenOverProblem(seen, host, record)];
    case 'failing-back':
      return [
        {
          sentence: `Failback started at ${since} and did not finish. Run it again; it resumes where it stopped`,
          command: `spare failback ${name}`,
        },
      ];
  }
}

/** By the ownership records, where all of them are known. */
function isUntaken({ volumes }: Seen): boolean {
  return volumes.every(({ ownership }) => ownership !== null && ownership.owner !== 'standby');
}

function failoverLeft(seen: Seen, name: string): string {
  return isUntaken(seen)
    ? `Nothing was taken over: roll it back, or start it again with 'spare failover ${name}'`
    : 'Run it again; it resumes where it stopped';
}

function degradedProblem(seen: Seen, host: HostConfiguration, record: HostRecord | undefined, onHost: OnHost): Problem {
  const since = record?.degradedSince ?? seen.since;
  const volume = reportedVolume(host, record?.lastReport);
  const subject = volume ? ofVolume(seen, volume) : '';
  if (seen.mirror.condition === 'copying') return { sentence: `${subject}Resync is running${copyText(seen)}` };
  if (record?.lastReport && standbyLegAlone(record.lastReport)) {
    return {
      sentence: `${subject}The local leg ${volume?.localLeg} has been out of the array since ${since} (${record.lastReport.localLegState}): only the standby leg has every write. Fail over, replace the disk, then fail back`,
      command: `spare failover ${host.name} --dry-run`,
    };
  }
  return {
    sentence: `${subject}Mirror broken since ${since}: new writes are on the local leg only. The watch re-adds the standby leg when the session is back`,
    command: onHost('cat /proc/mdstat'),
  };
}

function takenOverProblem(seen: Seen, host: HostConfiguration, record: HostRecord | undefined): Problem {
  const isBack = seen.paths.ssh.sample === 'answered' && record?.lastReport?.passive === true;
  return {
    sentence: isBack
      ? `Served by the standby since ${seen.since}. The primary is up and passive: fail back when convenient`
      : `Served by the standby since ${seen.since}. Repair the primary, then fail back`,
    command: `spare failback ${host.name}`,
  };
}

/** While the standby serves the host, the standby leg is the newer one: earlier lost writes do not matter. */
function lostProblems(seen: Seen): Problem[] {
  return isServedElsewhere(seen) ? [] : seen.volumes.flatMap((volume) => lostOfVolume(seen, volume));
}

function lostOfVolume(seen: Seen, volume: VolumeStatus): Problem[] {
  if (!volume.lost || volume.lost.length === 0) return [];
  const lost_bytes = volume.lost.reduce((sum, { length_bytes }) => sum + length_bytes, 0);
  const next = seen.paused
    ? 'That happens when the pause ends'
    : `The watch marks them as soon as ${seen.host} is reachable`;
  return [
    {
      sentence: `${ofVolume(seen, volume)}The standby lost power, or its disk failed: ${Math.ceil(lost_bytes / 2 ** 20)} MiB of the standby leg may be stale. Mirroring is stopped until those ranges are marked for resync. ${next}`,
      command: seen.paused ? `spare resume ${seen.host}` : 'journalctl -u spare-watch',
    },
  ];
}

/** MD counts mismatched legs as in sync, so the mismatch that a failback found stays recorded. */
function differenceProblems(seen: Seen, record: HostRecord | undefined): Problem[] {
  if (!record?.legsDiffer || isServedElsewhere(seen)) return [];
  const { at, sectors } = record.legsDiffer;
  return [
    {
      sentence: `Mirror mismatch: ${sectors} sectors, found at ${at}. The standby leg is good; the local leg may return stale data`,
      command: `spare failback ${seen.host}`,
    },
  ];
}

function comparisonProblems(seen: Seen, record: HostRecord | undefined): Problem[] {
  if (!record?.comparisonDue || record.legsDiffer || seen.running || isServedElsewhere(seen)) return [];
  return [
    {
      sentence:
        'The legs have not been compared since the failback. If no failback is running, run it again to compare them',
      command: `spare failback ${seen.host}`,
    },
  ];
}

function servingProblems(seen: Seen): Problem[] {
  // The hint of a host whose enrolment has not finished is to finish it: the target's log has nothing on it.
  const isEnrolled = seen.state !== null && seen.state !== 'enrolled';
  return seen.volumes.flatMap((volume) => {
    const { notServed } = volume;
    if (!notServed) return [];
    const sentence = `${ofVolume(seen, volume)}Not mirrored: the LUN is not served. ${notServed.reason}. ${notServed.hint}`;
    return [isEnrolled ? { sentence, command: 'journalctl -u spare-serve' } : { sentence }];
  });
}

/** Begins a sentence about one volume, if the host has more. */
function ofVolume({ volumes }: Seen, { name }: Pick<VolumeStatus, 'name'>): string {
  return volumes.length > 1 ? `Volume ${name}: ` : '';
}

/** The report comes by SSH, once a second: where that fails, the command shows why. */
function proofProblems(seen: Seen, record: HostRecord | undefined, onHost: OnHost): Problem[] {
  const lacksProof = seen.state === 'unproven' || (seen.state === 'suspect' && !seen.proof.fresh);
  if (!lacksProof) return [];
  const age =
    seen.proof.age_s === null ? 'never confirmed in sync' : `last confirmed in sync ${ageText(seen.proof.age_s)} ago`;
  const { sample, detail } = seen.paths.ssh;
  if (sample === 'unknown') {
    return [{ sentence: `Mirror ${age}; no newer report: ${detail}`, command: 'systemctl status spare-watch' }];
  }
  const sentence =
    sample === 'missed'
      ? `Mirror ${age}; no report over SSH (${detail})`
      : `Mirror ${age}; ${missingProof(seen, record?.lastReport)}`;
  // Of a host that nothing reaches, there is nothing to be seen there.
  return [seen.state === 'suspect' ? { sentence } : { sentence, command: onHost('cat /proc/mdstat') }];
}

/** Which of the proofs is missing, where the primary reports. */
function missingProof({ paths, volumes }: Seen, report: HostRecord['lastReport']): string {
  const owner = volumes.find(({ ownership }) => ownership && ownership.owner !== 'pair')?.ownership?.owner;
  if (owner !== undefined) return `the ownership record says '${owner}'`;
  if (report?.sessionLoggedIn === false) return 'the iSCSI session of the primary is down';
  if (paths.iscsi.sample !== 'answered') return `the target does not hear the primary (${paths.iscsi.detail})`;
  return 'no newer report';
}

/** Only a protected host becomes suspect. A host that dies while its mirror is not in sync is never failed over automatically. */
function unreachableProblems(seen: Seen, host: HostConfiguration): Problem[] {
  const wasIncomplete = seen.state === 'enrolled' || seen.state === 'syncing' || seen.state === 'degraded';
  if (!wasIncomplete || seen.running || PROBE_PATHS.some((path) => seen.paths[path].sample !== 'missed')) return [];
  return [
    {
      sentence:
        'Unreachable on all probes. Automatic failover skipped: the mirror was not in sync. If the local leg is intact, repairing the primary loses nothing',
      command: `spare failover ${host.name}${host.fenceCommand === undefined ? ' --confirmed-off' : ''} --dry-run`,
    },
  ];
}

/** The programs are installed by enrolling, and by every change of a service setting, even to the value that it has. */
function programProblems(seen: Seen, host: HostConfiguration, record: HostRecord | undefined): Problem[] {
  const report = record?.lastReport;
  if (!report || report.epoch !== undefined || seen.paths.ssh.sample !== 'answered' || isServedElsewhere(seen))
    return [];
  return [
    {
      sentence: `The programs on ${host.name} are older than this version of spare: its reports prove nothing. Setting the lease that it has installs them again`,
      command: `spare set ${host.name} --lease ${host.service.lease_s}`,
    },
  ];
}

/** A host whose machine is up but does not serve is not failed over automatically: a person has to look. */
function pathProblems(seen: Seen, onHost: OnHost): Problem[] {
  if (seen.paths.service.sample !== 'missed') return [];
  const othersAnswer = PROBE_PATHS.some((path) => path !== 'service' && seen.paths[path].sample === 'answered');
  if (seen.state === 'taken-over') {
    return [
      {
        sentence: `The service does not answer on the standby (${seen.paths.service.detail})`,
        command: 'journalctl -u spare-watch',
      },
    ];
  }
  if (!othersAnswer || seen.running) return [];
  return [
    {
      sentence: `The primary is up, but the service does not answer (${seen.paths.service.detail})`,
      command: onHost(`/usr/local/lib/spare/service status ${seen.host}`),
    },
  ];
}

function automationProblems(seen: Seen, host: HostConfiguration): Problem[] {
  const problems: Problem[] = [];
  if (seen.failure) {
    problems.push({
      sentence: `${seen.failure.action} failed at ${seen.failure.at}: ${seen.failure.message}. ${seen.failure.hint}`,
    });
  }
  if (seen.paused) {
    problems.push({ sentence: `Automatic actions are paused until ${seen.paused.until}: ${seen.paused.reason}` });
  }
  if (host.policy === 'auto' && host.fenceCommand === undefined) {
    problems.push({ sentence: 'The policy is auto, but there is no fence command: automatic failover is off' });
  }
  return problems;
}

function isServedElsewhere({ state }: Seen): boolean {
  return state === 'taken-over' || state === 'failing-over' || state === 'failing-back';
}

function copyText(seen: Seen): string {
  const { copy } = seen.mirror;
  if (!copy) return '';
  const rate = copy.speed_bytes_s === undefined ? '' : `, ${(copy.speed_bytes_s / 1e6).toFixed(1)} MB/s`;
  const left = copy.timeLeft_s === undefined ? '' : `, ${ageText(copy.timeLeft_s)} left`;
  return ` (${Math.floor(copy.fraction * 100)} %${rate}${left})`;
}

/** `3 s`, `12 min`, `5 h`, `3 days`. */
export function ageText(age_s: number): string {
  if (age_s < 100) return `${Math.round(age_s)} s`;
  if (age_s < 6000) return `${Math.round(age_s / 60)} min`;
  if (age_s < 172_800) return `${Math.round(age_s / 3600)} h`;
  return `${Math.round(age_s / 86_400)} days`;
}
