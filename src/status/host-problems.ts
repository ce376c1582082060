import type { HostConfiguration, StandbyConfiguration } from '../config/schema.ts';
import { onlyVolume } from '../config/volumes.ts';
import type { HostRecord } from '../hosts/host-record.ts';
import { sshCommandLine } from '../machine/ssh-machine.ts';
import { standbyLegAlone } from '../mirror/condition.ts';
import { PROBE_PATHS } from '../watch/probe-paths.ts';
import type { HostStatus, Problem } from './host-status.ts';

type Seen = Omit<HostStatus, 'problems'>;
/** A command line that runs a command on the host. */
type OnHost = (command: string) => string;

/** What is wrong with a host, most important first, each with what to do next. Empty only for a host that is proven to be protected. */
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
    ...silentProblems(seen, host),
    ...differenceProblems(seen, record),
    ...comparisonProblems(seen, record),
    ...stateProblems(seen, host, record, onHost),
    ...proofProblems(seen),
    ...pathProblems(seen, onHost),
    ...automationProblems(seen, host),
  ];
}

function stateProblems(seen: Seen, host: HostConfiguration, record: HostRecord | undefined, onHost: OnHost): Problem[] {
  const { name } = host;
  const since = seen.since ?? '';
  switch (seen.state) {
    case null:
      return [{ sentence: 'Its state is not known: its enrolment was not finished', command: 'spare enroll --help' }];
    case 'enrolled':
      return [
        {
          sentence: 'Its first copy has not begun: it cannot be taken over yet',
          command: onHost('cat /proc/mdstat'),
        },
      ];
    case 'syncing':
      return [
        record?.lastReport && standbyLegAlone(record.lastReport)
          ? { sentence: `Its own disk is being brought up to date; the standby has everything${copyText(seen)}` }
          : { sentence: `Being copied: it cannot be taken over before both legs are in sync${copyText(seen)}` },
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
            ? `Silent on every path at ${since}; it answers again, and has not shown its mirror yet`
            : `Silent on every path since ${since}`,
          ...(host.policy === 'manual' && { command: `spare failover ${name}` }),
        },
      ];
    case 'failing-over':
      return [
        seen.running
          ? { sentence: 'Being taken over' }
          : { sentence: `Its takeover began at ${since} and has not ended`, command: `spare failover ${name}` },
      ];
    case 'taken-over':
      return [takenOverProblem(seen, host, record)];
    case 'failing-back':
      return [{ sentence: `Its failback began at ${since} and has not ended`, command: `spare failback ${name}` }];
  }
}

function degradedProblem(seen: Seen, host: HostConfiguration, record: HostRecord | undefined, onHost: OnHost): Problem {
  const since = record?.degradedSince ?? seen.since;
  if (seen.mirror.condition === 'copying') return { sentence: `Its mirror is being completed again${copyText(seen)}` };
  if (record?.lastReport && standbyLegAlone(record.lastReport)) {
    return {
      sentence: `Its own disk ${onlyVolume(host).localLeg} is not in its mirror since ${since} (${record.lastReport.localLegState}): the standby alone has everything. Take it over, replace the disk, and let it go home`,
      command: `spare failover ${host.name} --dry-run`,
    };
  }
  return {
    sentence: `Its mirror is broken since ${since}: it serves alone, and what it writes is nowhere else. The watch adds the standby leg when the connection is back`,
    command: onHost('cat /proc/mdstat'),
  };
}

function takenOverProblem(seen: Seen, host: HostConfiguration, record: HostRecord | undefined): Problem {
  const isBack = seen.paths.ssh.sample === 'answered' && record?.lastReport?.passive === true;
  return {
    sentence: isBack
      ? `The standby serves it since ${seen.since}; its own machine is back and passive`
      : `The standby serves it since ${seen.since}. When its own machine is repaired, let it go home`,
    command: `spare failback ${host.name}`,
  };
}

/** While it is served elsewhere, the standby's leg is the newer one: what it once lacked does not matter. */
function lostProblems(seen: Seen): Problem[] {
  if (!seen.lost || seen.lost.length === 0 || isServedElsewhere(seen)) return [];
  const lost_bytes = seen.lost.reduce((sum, { length_bytes }) => sum + length_bytes, 0);
  const next = seen.paused
    ? 'That is done when its pause is over'
    : `The watch does that as soon as ${seen.host} answers`;
  return [
    {
      sentence: `The standby lost its power, or its disk failed, and ${Math.ceil(lost_bytes / 2 ** 20)} MiB of its leg may lack what was written last: nothing is mirrored to it until those are marked to be copied again. ${next}`,
      command: seen.paused ? `spare resume ${seen.host}` : 'journalctl -u spare-watch',
    },
  ];
}

/** What a failback has found is not forgotten because both legs count as in sync. */
function differenceProblems(seen: Seen, record: HostRecord | undefined): Problem[] {
  if (!record?.legsDiffer || isServedElsewhere(seen)) return [];
  const { at, sectors } = record.legsDiffer;
  return [
    {
      sentence: `Its legs differed in ${sectors} sectors when they were compared at ${at}: what it reads from its own disk may be old, what the standby has was in service. docs/runbook.md says how to mend that`,
      command: `spare failback ${seen.host}`,
    },
  ];
}

function comparisonProblems(seen: Seen, record: HostRecord | undefined): Problem[] {
  if (!record?.comparisonDue || record.legsDiffer || seen.running || isServedElsewhere(seen)) return [];
  return [
    {
      sentence: 'Its legs are still to be compared since it went home. Where no failback is doing that, run it again',
      command: `spare failback ${seen.host}`,
    },
  ];
}

function servingProblems({ notServed }: Seen): Problem[] {
  if (!notServed) return [];
  const sentence = `Nothing is mirrored, as its LUN is not served. ${notServed.reason}. ${notServed.hint}`;
  return [{ sentence, command: 'journalctl -u spare-serve' }];
}

function proofProblems(seen: Seen): Problem[] {
  const lacksProof = seen.state === 'unproven' || (seen.state === 'suspect' && !seen.proof.fresh);
  if (!lacksProof) return [];
  const age =
    seen.proof.age_s === null ? 'It has never been seen' : `It was last seen ${ageText(seen.proof.age_s)} ago`;
  return [
    { sentence: `${age} that its mirror is whole: nothing newer is known`, command: 'journalctl -u spare-watch' },
  ];
}

/** Only what was protected becomes suspect. What dies with its mirror incomplete is never taken over by itself. */
function silentProblems(seen: Seen, host: HostConfiguration): Problem[] {
  const wasIncomplete = seen.state === 'enrolled' || seen.state === 'syncing' || seen.state === 'degraded';
  if (!wasIncomplete || seen.running || PROBE_PATHS.some((path) => seen.paths[path].sample !== 'missed')) return [];
  return [
    {
      sentence:
        'Silent on every path, and not taken over by itself, as its mirror was not complete. If its own disk is intact, repairing it loses nothing',
      command: `spare failover ${host.name}${host.fenceCommand === undefined ? ' --confirmed-off' : ''} --dry-run`,
    },
  ];
}

/** A host that lives and does not serve is not taken over by itself: somebody has to look. */
function pathProblems(seen: Seen, onHost: OnHost): Problem[] {
  if (seen.paths.service.sample !== 'missed') return [];
  const othersAnswer = PROBE_PATHS.some((path) => path !== 'service' && seen.paths[path].sample === 'answered');
  if (seen.state === 'taken-over') {
    return [
      {
        sentence: `Its service is not seen on the standby (${seen.paths.service.detail})`,
        command: 'journalctl -u spare-watch',
      },
    ];
  }
  if (!othersAnswer || seen.running) return [];
  return [
    {
      sentence: `Its machine lives, but its service is not seen (${seen.paths.service.detail})`,
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
    problems.push({ sentence: `Nothing is done by itself until ${seen.paused.until}: ${seen.paused.reason}` });
  }
  if (host.policy === 'auto' && host.fenceCommand === undefined) {
    problems.push({ sentence: 'Its policy is auto, but it has no fence command: it is never taken over by itself' });
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
