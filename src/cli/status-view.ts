import { ageText } from '../status/host-problems.ts';
import type { HostStatus, MirrorStatus, Problem, ProofStatus, VolumeStatus } from '../status/host-status.ts';
import type { StatusReport } from '../status/status-report.ts';
import { PROBE_PATHS, type ProbePath } from '../watch/probe-paths.ts';

const HEADINGS = ['HOST', 'STATE', 'MIRROR', 'CONFIRMED', ...PROBE_PATHS.map((path) => path.toUpperCase()), 'POLICY'];

/** The report for people: problems of the standby first, then one row per host, then problems of hosts. */
export function statusText(report: StatusReport): string {
  const sections: string[] = [];
  if (report.problems.length > 0)
    sections.push(report.problems.map((problem) => problemLines('standby', problem)).join('\n'));
  sections.push(report.hosts.length === 0 ? 'No host is enrolled. Run: spare enroll --help' : hostTable(report.hosts));
  const problems = report.hosts.flatMap((host) => host.problems.map((problem) => problemLines(host.host, problem)));
  if (problems.length > 0) sections.push(problems.join('\n'));
  return sections.join('\n\n');
}

function hostTable(hosts: readonly HostStatus[]): string {
  const rows = [HEADINGS, ...hosts.flatMap(hostRows)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** A host with several volumes has a row for each below its own. */
function hostRows(host: HostStatus): string[][] {
  const { volumes } = host;
  return [hostRow(host), ...(volumes.length > 1 ? volumes.map(volumeRow) : [])];
}

function volumeRow(volume: VolumeStatus): string[] {
  return [`  ${volume.name}`, '', mirrorCell(volume.mirror, [volume]), confirmedCell(volume)];
}

function hostRow(host: HostStatus): string[] {
  return [
    host.host,
    host.paused ? `${host.state ?? 'unknown'}, paused` : (host.state ?? 'unknown'),
    mirrorCell(host.mirror, host.volumes),
    confirmedCell(host),
    ...PROBE_PATHS.map((path) => pathCell(host.paths[path])),
    host.policy,
  ];
}

function confirmedCell({ proof }: { proof: ProofStatus }): string {
  return proof.age_s === null ? 'never' : `${ageText(proof.age_s)} ago`;
}

function mirrorCell(mirror: MirrorStatus, volumes: readonly VolumeStatus[]): string {
  if (volumes.some(({ lost }) => lost !== null && lost.length > 0)) return 'lost writes';
  if (mirror.condition === null) return 'unknown';
  return mirror.copy ? `${mirror.condition} ${Math.floor(mirror.copy.fraction * 100)} %` : mirror.condition;
}

function pathCell(path: HostStatus['paths'][ProbePath]): string {
  if (path.sample === 'unknown') return '?';
  const age = path.heardAge_s === null ? 'never' : ageText(path.heardAge_s);
  return path.sample === 'answered' ? `ok ${age}` : `MISS ${age}`;
}

function problemLines(subject: string, problem: Problem): string {
  const line = `! ${subject}: ${problem.sentence}`;
  return problem.command === undefined ? line : `${line}\n    Run: ${problem.command}`;
}
