import { readHostConfiguration } from '../../config/configuration.ts';
import { onlyVolume } from '../../config/volumes.ts';
import type { VolumeContext } from '../../steps/operation-context.ts';
import { settingsOf, withSettings } from '../host-settings.ts';
import { applied, type SettingChanges } from './setting-changes.ts';

/** The inputs of a change of settings. */
export interface SetContext extends VolumeContext {
  changes: SettingChanges;
  /** What rolls them back. */
  undoing: SettingChanges;
}

/** The context with the changes, made to the configuration as it is now: it may be newer than the plan. */
export function contextWith(context: VolumeContext, changes: SettingChanges): VolumeContext {
  const configured = readHostConfiguration(context.host.name);
  const host = withSettings(configured, applied(settingsOf(configured), changes));
  return { ...context, host, volume: onlyVolume(host) };
}
