import type { HostConfiguration, StandbyConfiguration, VolumeConfiguration } from '../config/schema.ts';
import type { Machine } from '../machine/machine.ts';
import { programArgv } from '../machine/program.ts';
import type { Progress } from '../steps/step.ts';

/** The portal group tag of spare's target (RFC 7143 §13.9): open-iscsi checks it at login. */
const PORTAL_GROUP_TAG = 1;
/** Where the kernel lists its sessions; each has its `recovery_tmo` there. */
const SESSIONS = '/sys/class/iscsi_session';
/** iscsiadm(8): `ISCSI_ERR_SESS_EXISTS`, logged in already. */
const SESSION_EXISTS = 15;
/** `set-recovery-timeout`: there is no session. */
export const NO_SESSION = 3;
/** As `OUT_OF_REACH` of the primary's programs: writes wait until the standby is back, however long that takes. */
const OUT_OF_REACH_s = 7200;
/** iscsiadm(8), `ISCSI_ERR_NO_OBJS_FOUND`: no such record or session. */
const NO_OBJECTS = 21;

/** open-iscsi's records of the standby's target: a node record, and one for discovery, which asks whether this host is fenced. */
export interface InitiatorFiles {
  nodePath: string;
  node: string;
  discoveryPath: string;
  discovery: string;
}

/**
 * The records in open-iscsi's own format (iscsiadm(8), FILES), written as complete files with mode 0600, because
 * `iscsiadm -o update -v SECRET` would show the secrets in `ps`.
 */
export function initiatorFiles(host: HostConfiguration, standby: StandbyConfiguration): InitiatorFiles {
  const { address, port } = standby.portal;
  const { iqn, chap, mutualChap } = host.target;
  const auth = (prefix: string) => [
    `${prefix}.auth.authmethod = CHAP`,
    `${prefix}.auth.username = ${chap.user}`,
    `${prefix}.auth.password = ${chap.secret}`,
    `${prefix}.auth.username_in = ${mutualChap.user}`,
    `${prefix}.auth.password_in = ${mutualChap.secret}`,
  ];
  const node = [
    `node.name = ${iqn}`,
    `node.tpgt = ${PORTAL_GROUP_TAG}`,
    // The guard logs in, once it knows that this host has not been replaced.
    'node.startup = manual',
    'node.leading_login = No',
    'iface.iscsi_ifacename = default',
    'iface.transport_name = tcp',
    'node.discovery_type = static',
    'node.session.initial_login_retry_max = 1',
    // The lease: writes wait this long before the array continues without the standby leg.
    `node.session.timeo.replacement_timeout = ${host.replacementTimeout_s}`,
    ...auth('node.session'),
    `node.conn[0].address = ${address}`,
    `node.conn[0].port = ${port}`,
    'node.conn[0].timeo.login_timeout = 5',
    'node.conn[0].timeo.noop_out_interval = 2',
    'node.conn[0].timeo.noop_out_timeout = 2',
  ];
  const discovery = [
    'discovery.startup = manual',
    'discovery.type = sendtargets',
    `discovery.sendtargets.address = ${address}`,
    `discovery.sendtargets.port = ${port}`,
    ...auth('discovery.sendtargets'),
    'discovery.sendtargets.timeo.login_timeout = 5',
    'discovery.sendtargets.reopen_max = 0',
    'discovery.sendtargets.use_discoveryd = No',
  ];
  return {
    nodePath: `/etc/iscsi/nodes/${iqn}/${address},${port},${PORTAL_GROUP_TAG}/default`,
    node: record(node),
    discoveryPath: `/etc/iscsi/send_targets/${address},${port}/st_config`,
    discovery: record(discovery),
  };
}

function record(lines: readonly string[]): string {
  return ['# BEGIN RECORD', ...lines, '# END RECORD', ''].join('\n');
}

/** The stable udev name of a volume's standby leg on the primary. */
export function standbyLegPath(
  host: HostConfiguration,
  volume: VolumeConfiguration,
  standby: StandbyConfiguration,
): string {
  const { address, port } = standby.portal;
  return `/dev/disk/by-path/ip-${address}:${port}-iscsi-${host.target.iqn}-lun-${volume.lun}`;
}

export function loginArgv(host: HostConfiguration, standby: StandbyConfiguration): string[] {
  return [...nodeArgv(host, standby), '--login'];
}

export function logoutArgv(host: HostConfiguration, standby: StandbyConfiguration): string[] {
  return [...nodeArgv(host, standby), '--logout'];
}

function nodeArgv(host: HostConfiguration, standby: StandbyConfiguration): string[] {
  const { address, port } = standby.portal;
  return ['iscsiadm', '--mode', 'node', '--targetname', host.target.iqn, '--portal', `${address}:${port}`];
}

/** For the sessions to come. The others of its timeouts are the same for every host. */
export function recordTimeoutArgv(
  host: HostConfiguration,
  standby: StandbyConfiguration,
  replacementTimeout_s: number,
): string[] {
  const change = ['--name', 'node.session.timeo.replacement_timeout', '--value', String(replacementTimeout_s)];
  return [...nodeArgv(host, standby), '--op', 'update', ...change];
}

/** For the session that is up: iscsid would take a changed record at the next login only. */
export function sessionTimeoutArgv(host: HostConfiguration, replacementTimeout_s: number): string[] {
  return programArgv('set-recovery-timeout', SESSIONS, host.target.iqn, String(replacementTimeout_s));
}

/** Before the local leg is resynced: the array must not continue on it alone in the moment in which it is complete. */
export function holdWritesArgv(host: HostConfiguration): string[] {
  return sessionTimeoutArgv(host, OUT_OF_REACH_s);
}

/** Logs in, unless logged in already, and waits for the disk of each volume. */
export async function login(
  machine: Machine,
  host: HostConfiguration,
  standby: StandbyConfiguration,
  report: (progress: Progress) => void,
): Promise<void> {
  report({ detail: `waiting for ${host.name} to log in` });
  await machine.exec(loginArgv(host, standby), { acceptExitCodes: [SESSION_EXISTS] });
  for (const volume of host.volumes) {
    report({ detail: `waiting for the disk of LUN ${volume.lun}` });
    await machine.exec(waitForDeviceArgv(standbyLegPath(host, volume, standby)));
  }
}

export async function logout(machine: Machine, host: HostConfiguration, standby: StandbyConfiguration): Promise<void> {
  await machine.exec(logoutArgv(host, standby), { acceptExitCodes: [NO_OBJECTS] });
}

/** Waits up to 20 s for udev to create the name of a block device. */
export function waitForDeviceArgv(path: string): string[] {
  return programArgv('wait-for-device', path);
}
