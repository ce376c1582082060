import { checkHostSettings, type HostSettings } from '../host-settings.ts';

/** The settings that are given new values. */
export type SettingChanges = { [Name in keyof HostSettings]?: HostSettings[Name] | undefined };

/** As a value of the fence command. */
const NO_FENCE_COMMAND = '';
/** What only the standby goes by: it can be changed at any time, without a word to the primary. */
const OF_STANDBY: readonly (keyof HostSettings)[] = ['policy', 'fenceCommand'];
/** What the service programs on both machines go by. */
const OF_SERVICE: readonly (keyof HostSettings)[] = ['clients', 'exportOptions', 'lease_s'];

/** The settings after the changes, unchecked. */
export function applied(before: HostSettings, changes: SettingChanges): HostSettings {
  return { ...before, ...Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) };
}

/** The changes that take these back. */
export function reverted(before: HostSettings, changes: SettingChanges): SettingChanges {
  return Object.fromEntries(namesIn(changes).map((name) => [name, before[name] ?? NO_FENCE_COMMAND]));
}

/** The settings after the changes. @throws SpareError `usage` where they cannot be, one by one or together. */
export function changed(before: HostSettings, changes: SettingChanges): HostSettings {
  const after = applied(before, changes);
  checkHostSettings(after);
  return after;
}

export function isOfStandbyOnly(changes: SettingChanges): boolean {
  return namesIn(changes).every((name) => OF_STANDBY.includes(name));
}

export function isOfService(changes: SettingChanges): boolean {
  return namesIn(changes).some((name) => OF_SERVICE.includes(name));
}

/** What takes effect only at the next start of the NFS server. The kernel takes a lease only while no server runs. */
export function waiting(changes: SettingChanges, isServing: boolean): (keyof HostSettings)[] {
  return namesIn(changes).filter((name) => name === 'lease_s' || (!isServing && OF_SERVICE.includes(name)));
}

export function namesIn(changes: SettingChanges): (keyof HostSettings)[] {
  return (Object.keys(changes) as (keyof HostSettings)[]).filter((name) => changes[name] !== undefined);
}

/** The flag of each setting. */
export const SETTING_FLAGS: Readonly<Record<keyof HostSettings, string>> = {
  policy: '--policy',
  fenceCommand: '--fence-command',
  clients: '--clients',
  exportOptions: '--export-options',
  lease_s: '--lease',
  replacementTimeout_s: '--replacement-timeout',
};

/** The words of the command that makes these changes. */
export function setArgv(host: string, changes: SettingChanges): string[] {
  return ['spare', 'set', host, ...namesIn(changes).flatMap((name) => [SETTING_FLAGS[name], String(changes[name])])];
}
