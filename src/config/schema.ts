/** The configuration of a standby: `/etc/spare/config.json`, mode 0600, since it holds the CHAP secrets. */
export interface Configuration {
  version: 2;
  standby: StandbyConfiguration;
  hosts: Record<string, HostConfiguration>;
}

export interface StandbyConfiguration {
  /** The standby's own name, as in its IQN. */
  name: string;
  /** Where the standby legs are: one folder per host. */
  poolDirectory: string;
  portal: { address: string; port: number };
  /** Target names are `<iqnPrefix>:<host>`. */
  iqnPrefix: string;
  /** The network interface that takes over service addresses, e.g. `eth0`. */
  networkInterface: string;
  /** The private key that the standby logs in to primaries with. */
  sshKey: string;
  /** OpenSSH known_hosts file with the pinned keys of the primaries. */
  knownHosts: string;
}

export interface ChapCredentials {
  user: string;
  secret: string;
}

/** `auto` needs a fence command: without one, only a person can confirm that a primary is off. */
export type FailoverPolicy = 'auto' | 'manual';

export interface HostConfiguration {
  name: string;
  ssh: { address: string; port: number; user: string };
  policy: FailoverPolicy;
  /**
   * The fence command, run by `sh -c` with `SPARE_HOST` and the action (`off`, `status`) as `$1`.
   * `off` exits with 0 only when the machine is confirmed off; `status` prints `on` or `off`.
   */
  fenceCommand?: string;
  /** One iSCSI target a host, with a LUN for each volume: one session carries all of its mirror writes. */
  target: {
    iqn: string;
    /** The initiator that may log in. */
    initiatorName: string;
    /** The initiator's credentials. */
    chap: ChapCredentials;
    /** The target's credentials (mutual CHAP). */
    mutualChap: ChapCredentials;
  };
  /** How clients reach the service. A host has one address and one NFS server. */
  service: {
    /** With prefix length: `10.77.0.101/24`. */
    address: string;
    /** The primary's interface that carries it. */
    primaryInterface: string;
    /** NFSv4 lease and grace period of the server in seconds, for all of its exports. */
    lease_s: number;
  };
  /** At least one. Name, LUN, device and mount point of each are its own within the host. */
  volumes: VolumeConfiguration[];
  /** The initiator's `node.session.timeo.replacement_timeout`: the length of the lease. */
  replacementTimeout_s: number;
  /** ISO 8601. */
  enrolledAt: string;
}

/** One mirrored block device of a host, and the export on it. */
export interface VolumeConfiguration {
  /** Unique within the host; part of file names. */
  name: string;
  /** Its logical unit number in the host's target: 1 to 255. */
  lun: number;
  /** UUID of the array as mdadm prints it: `aaaaaaaa:bbbbbbbb:cccccccc:dddddddd`. */
  mirrorUuid: string;
  /** `/dev/md/<name>` on whichever machine runs it. */
  device: string;
  /** The primary's own disk, by a path that is stable across restarts. */
  localLeg: string;
  standbyLeg: {
    /** The leg's file or block device. */
    path: string;
    size_bytes: number;
    /** Where the target keeps its records about this leg (`regions`, `reservations`), within the host's folder of the pool. */
    folder: string;
  };
  fileSystem: 'ext4';
  mountPoint: string;
  /** Random; also the content of `.spare/identity` on the volume. Reading it through the service address proves that this volume is served. */
  identity: string;
  /** How it is exported. */
  nfs: {
    /** The same on both machines, so that file handles stay valid (exports(5), `fsid=`). */
    fsid: number;
    /** The clients that may mount, as in exports(5), e.g. `10.77.0.0/24`. */
    clients: string;
    /** exports(5) options besides `fsid=`, e.g. `rw,sync,no_subtree_check`. */
    exportOptions: string;
  };
}
