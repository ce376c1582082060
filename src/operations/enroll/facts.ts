import type { Machine } from '../../machine/machine.ts';

/** The facts that enrolment needs about a future primary. */
export interface PrimaryFacts {
  initiatorName: string | undefined;
  /** The data device, symbolic links resolved; empty if there is no such block device. */
  realPath: string;
  /** A path of the device that is stable across restarts: under /dev/disk/by-id if there is one. */
  stablePath: string;
  size_bytes: number;
  readOnly: boolean;
  /** Contents and users of the device: file systems, partitions, mounts, holders. Empty for a free device. */
  inUse: readonly string[];
  /** The UUID of the array that the device is a leg of. */
  mirrorUuid: string | undefined;
  interfaceExists: boolean;
  /** The source that is mounted at the requested mount point, if any. */
  mountedThere: string | undefined;
  mountPointEmpty: boolean;
  /** Hosts as which this machine is enrolled already. */
  enrolledAs: readonly string[];
  hasUpdateInitramfs: boolean;
}

const SCRIPT = `
say() { printf '%s=%s\\n' "$1" "$2"; }
device=$1 interface=$2 mount=$3
say initiatorName "$(sed -n 's/^InitiatorName=//p' /etc/iscsi/initiatorname.iscsi 2>/dev/null | head -n 1)"
real=$(readlink -f "$device")
if [ -b "$real" ]; then
  say realPath "$real"
  for link in /dev/disk/by-id/* /dev/disk/by-path/*; do
    [ -e "$link" ] && [ "$(readlink -f "$link")" = "$real" ] && { say stablePath "$link"; break; }
  done
  say size_bytes "$(blockdev --getsize64 "$real")"
  say readOnly "$(blockdev --getro "$real")"
  wipefs --noheadings --output TYPE "$real" 2>/dev/null | while read -r type; do say inUse "signature of $type"; done
  lsblk --noheadings --raw --output NAME,TYPE "$real" | tail -n +2 | while read -r name type; do say inUse "$type $name on it"; done
  findmnt --noheadings --output TARGET --source "$real" | while read -r target; do say inUse "mounted at $target"; done
  swapon --noheadings --show=NAME 2>/dev/null | grep -qx "$real" && say inUse swap
  say mirrorUuid "$(mdadm --examine "$real" 2>/dev/null | sed -n 's/.*Array UUID : //p')"
fi
[ -e "/sys/class/net/$interface" ] && say interfaceExists yes
say mountedThere "$(findmnt --noheadings --output SOURCE --mountpoint "$mount" | tail -n 1)"
[ ! -e "$mount" ] || [ -z "$(ls -A "$mount" 2>/dev/null)" ] && say mountPointEmpty yes
for file in /etc/spare/services/*.conf; do [ -e "$file" ] && { name=\${file##*/}; say enrolledAs "\${name%.conf}"; }; done
command -v update-initramfs >/dev/null && say hasUpdateInitramfs yes
true`;

/** Reads only; changes nothing. */
export async function primaryFacts(
  machine: Machine,
  wanted: { device: string; networkInterface: string; mountPoint: string },
): Promise<PrimaryFacts> {
  const { stdout } = await machine.exec([
    'sh',
    '-c',
    SCRIPT,
    'facts',
    wanted.device,
    wanted.networkInterface,
    wanted.mountPoint,
  ]);
  return parsePrimaryFacts(stdout, wanted.device);
}

export function parsePrimaryFacts(stdout: string, device: string): PrimaryFacts {
  const lines = stdout.split('\n').flatMap((line) => {
    const separator = line.indexOf('=');
    return separator < 0 ? [] : [[line.slice(0, separator), line.slice(separator + 1)] as const];
  });
  const all = (key: string) => lines.filter(([name, value]) => name === key && value !== '').map(([, value]) => value);
  const one = (key: string) => all(key)[0];
  return {
    initiatorName: one('initiatorName'),
    realPath: one('realPath') ?? '',
    stablePath: one('stablePath') ?? device,
    size_bytes: Number(one('size_bytes') ?? 0),
    readOnly: one('readOnly') === '1',
    inUse: all('inUse'),
    mirrorUuid: one('mirrorUuid'),
    interfaceExists: one('interfaceExists') === 'yes',
    mountedThere: one('mountedThere'),
    mountPointEmpty: one('mountPointEmpty') === 'yes',
    enrolledAs: all('enrolledAs'),
    hasUpdateInitramfs: one('hasUpdateInitramfs') === 'yes',
  };
}
