/** Names and lines for mdadm.conf(5), and mdadm's command lines. docs/failover.md explains the pitfalls. */

/** Small enough that an incremental resync is short: mdadm's default is 64 MiB. */
export const BITMAP_CHUNK = '64K';

export function createArgv(options: { device: string; name: string; uuid: string; localLeg: string }): string[] {
  // Created degraded: the superblock of a leg added later says that it is being resynced, that of a leg present at creation does not.
  return [
    ...[
      'mdadm',
      '--create',
      options.device,
      '--run',
      '--level=1',
      '--raid-devices=2',
      '--metadata=1.2',
      '--bitmap=none',
    ],
    ...[`--name=${options.name}`, '--homehost=spare', `--uuid=${options.uuid}`, options.localLeg, 'missing'],
  ];
}

export function growBitmapArgv(device: string): string[] {
  return ['mdadm', '--grow', '--bitmap=internal', `--bitmap-chunk=${BITMAP_CHUNK}`, device];
}

export function addArgv(device: string, leg: string, options: { writeMostly: boolean }): string[] {
  return ['mdadm', device, '--add', ...(options.writeMostly ? ['--write-mostly'] : []), leg];
}

export function reAddArgv(device: string, leg: string): string[] {
  return ['mdadm', device, '--re-add', leg];
}

/** `readonly` first: nothing is written until everything has been checked. Only the named leg is used. */
export function assembleArgv(device: string, uuid: string, leg: string, options: { readonly: boolean }): string[] {
  return ['mdadm', '--assemble', '--run', ...(options.readonly ? ['--readonly'] : []), device, `--uuid=${uuid}`, leg];
}

/** Lines for mdadm.conf that keep udev from assembling the legs (seen: a stale leg started alone 30 s after boot) and disable the bad block log. */
export function mdadmConfLines(uuid: string): string[] {
  return ['CREATE bbl=no', `ARRAY <ignore> UUID=${uuid}`];
}

/**
 * The content of mdadm.conf with those lines added, or `undefined` if none is missing.
 * @param content The present content.
 */
export function withMdadmConfLines(content: string, uuid: string): string | undefined {
  const present = new Set(content.split('\n').map((line) => line.trim()));
  const missing = mdadmConfLines(uuid).filter((line) => !present.has(line));
  if (missing.length === 0) return undefined;
  const end = content === '' || content.endsWith('\n') ? '' : '\n';
  return `${content}${end}${missing.join('\n')}\n`;
}
