import type { HostConfiguration } from '../../config/schema.ts';
import { onlyVolume } from '../../config/volumes.ts';
import { quoteForShell } from '../../machine/quote.ts';
import { SpareError } from '../../std/errors.ts';
import type { EnrollOptions } from './enroll-options.ts';
import type { PrimaryFacts } from './facts.ts';

/** An option of `spare enroll` that the configuration keeps. */
interface KeptValue {
  flag: string;
  enrolled(host: HostConfiguration): string;
  given(options: EnrollOptions): string;
  /** `spare set` changes it. */
  canBeSet?: boolean;
}

/** No fence command. */
const NONE = 'none';
const RESUME = 'To finish the enrolment, run the command with the enrolled values';

const KEPT_VALUES: readonly KeptValue[] = [
  { flag: '--ssh', enrolled: ({ ssh }) => sshText(ssh), given: ({ ssh }) => sshText(ssh) },
  {
    flag: '--mount',
    enrolled: (host) => onlyVolume(host).mountPoint,
    given: ({ mountPoint }) => mountPoint,
  },
  {
    flag: '--service-address',
    enrolled: ({ service }) => service.address,
    given: ({ serviceAddress }) => serviceAddress,
  },
  {
    flag: '--interface',
    enrolled: ({ service }) => service.primaryInterface,
    given: ({ networkInterface }) => networkInterface,
  },
  {
    flag: '--clients',
    enrolled: (host) => onlyVolume(host).nfs.clients,
    given: ({ clients }) => clients,
    canBeSet: true,
  },
  {
    flag: '--export-options',
    enrolled: (host) => onlyVolume(host).nfs.exportOptions,
    given: ({ exportOptions }) => exportOptions,
    canBeSet: true,
  },
  { flag: '--policy', enrolled: ({ policy }) => policy, given: ({ policy }) => policy, canBeSet: true },
  {
    flag: '--fence-command',
    enrolled: ({ fenceCommand = NONE }) => fenceCommand,
    given: ({ fenceCommand = NONE }) => fenceCommand,
    canBeSet: true,
  },
  {
    flag: '--replacement-timeout',
    enrolled: ({ replacementTimeout_s }) => String(replacementTimeout_s),
    given: ({ replacementTimeout_s }) => String(replacementTimeout_s),
    canBeSet: true,
  },
  {
    flag: '--lease',
    enrolled: ({ service }) => String(service.lease_s),
    given: ({ lease_s }) => String(lease_s),
    canBeSet: true,
  },
];

/**
 * A second enrolment does not change what the first one has written: it would reach one machine and not the other.
 * @throws SpareError `usage` naming each value that differs.
 */
export function refuseOtherValues(options: EnrollOptions, existing: HostConfiguration, isFinished: boolean): void {
  const differing = KEPT_VALUES.filter((value) => value.enrolled(existing) !== value.given(options));
  if (differing.length === 0) return;
  const listed = differing.map((value) => `${value.flag} ${value.enrolled(existing)} → ${value.given(options)}`);
  const hints = [...(isFinished ? [] : [RESUME]), ...setHints(options, differing, isFinished)];
  throw otherValues(options, listed, hints.join('. '));
}

/** @throws SpareError `usage` where an interrupted enrolment was begun with another device. */
export function refuseOtherDevice(options: EnrollOptions, facts: PrimaryFacts, existing: HostConfiguration): void {
  const { localLeg, mirrorUuid } = onlyVolume(existing);
  if ([options.device, facts.stablePath].includes(localLeg) || facts.mirrorUuid === mirrorUuid) return;
  throw otherValues(options, [`--device ${localLeg} → ${options.device}`], RESUME);
}

function otherValues({ host }: EnrollOptions, listed: readonly string[], hint: string): SpareError {
  return new SpareError(
    'usage',
    'OTHER_VALUES',
    `Cannot enrol ${host} again with other values (enrolled → given): ${listed.join('; ')}`,
    { hint },
  );
}

/** What can be changed, with the command for it, and what cannot. */
function setHints(options: EnrollOptions, differing: readonly KeptValue[], isFinished: boolean): string[] {
  const set = differing.filter((value) => value.canBeSet && value.given(options) !== NONE);
  const fixed = differing.filter((value) => !value.canBeSet).map(({ flag }) => flag);
  const argv = ['spare', 'set', options.host, ...set.flatMap((value) => [value.flag, value.given(options)])];
  return [
    ...(fixed.length > 0 ? [`The values of an enrolled host cannot be changed for: ${fixed.join(', ')}`] : []),
    ...(set.length > 0 ? [`To change it${isFinished ? '' : ' afterwards'}, run: ${quoteForShell(argv)}`] : []),
  ];
}

function sshText({ user, address, port }: HostConfiguration['ssh']): string {
  return `${user}@${address}:${port}`;
}
