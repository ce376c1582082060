import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { longestStall_s, outage_s } from './acknowledgements.ts';
import { type ClientAccount, ClientWorkload } from './client-workload.ts';
import type { Lab } from './lab.ts';
import { compareLegs, copyLegs, type LegComparison } from './legs.ts';
import { PRIMARY_NAMES, type PrimaryName } from './settings.ts';
import { StandbyCommands } from './standby-commands.ts';

/** These only end what hangs, however slow the computer is. */
const PROTECTED_TIMEOUT_MS = 600_000;
const TAKEOVER_TIMEOUT_MS = 600_000;
const CLIENT_TIMEOUT_MS = 600_000;
const MIRROR_UNIT = 'lab-watch-mirror';
const MIRROR_LOG = '/var/log/lab-mirror.log';

export interface Takeover {
  /** From the loss of power until the standby began to take over. */
  detect_s: number;
  /** From there until the service had been seen from outside. */
  takeover_s: number;
  /** The longest time that the host's client got no acknowledgement. */
  outage_s: number;
}

export interface Failback {
  outage_s: number;
  copied_bytes: number;
  size_bytes: number;
}

/** What `spare failback --json` tells, as far as it is used here. */
interface FailbackResult {
  copied_bytes: number;
  size_bytes: number;
}

export interface MirrorSamples {
  taken: number;
  /** How many of them found a leg missing. */
  degraded: number;
}

/**
 * The main job, piece by piece: the demonstration and the scenarios are made of these. The lab powers, cuts and watches from
 * outside; whatever happens inside the machines is done by spare.
 */
export class MainJob {
  readonly lab: Lab;
  readonly standby: StandbyCommands;
  readonly client: ClientWorkload;

  constructor(lab: Lab) {
    this.lab = lab;
    this.standby = new StandbyCommands(lab);
    this.client = new ClientWorkload(lab.machine('client'));
  }

  /** Enrols the primary and waits until it is protected. */
  async enroll(host: PrimaryName): Promise<void> {
    await this.standby.enroll(host);
    await this.standby.waitForState(host, 'protected', PROTECTED_TIMEOUT_MS);
  }

  async startWriters(): Promise<void> {
    for (const host of PRIMARY_NAMES) {
      await this.client.mount(host);
      await this.client.startWriter(host);
    }
  }

  async stopWriters(): Promise<void> {
    for (const host of PRIMARY_NAMES) await this.client.stopWriter(host);
  }

  /** Counts the legs of a primary's mirror set from now on, independently of spare. */
  async watchMirror(host: PrimaryName): Promise<void> {
    const { shell } = this.lab.machine(host);
    const program = await readFile(join(import.meta.dirname, 'guest/watch-mirror.sh'));
    await shell.run('cat > /usr/local/lib/watch-mirror.sh', { input: program });
    await shell.run(`systemd-run --quiet --unit=${MIRROR_UNIT} sh /usr/local/lib/watch-mirror.sh ${MIRROR_LOG}`);
  }

  /** How many legs the mirror set lacks at this moment, by the primary's kernel. */
  async missingLegs(host: PrimaryName): Promise<number> {
    const { stdout } = await this.lab.machine(host).shell.run('cat /sys/block/md*/md/degraded');
    return Number(stdout);
  }

  async mirrorSamples(host: PrimaryName): Promise<MirrorSamples> {
    const { stdout } = await this.lab.machine(host).shell.run(`cat ${MIRROR_LOG}`);
    const counts = [...stdout.matchAll(/^\d+\.\d+ (\d+) md\S*$/gm)].map((match) => Number(match[1]));
    return { taken: counts.length, degraded: counts.filter((count) => count > 0).length };
  }

  /** Cuts the power of a primary and waits until its client is served again. Nobody types anything. */
  async loseAndTakeOver(host: PrimaryName): Promise<Takeover> {
    const from_s = await this.client.now_s();
    // The clock of the standby is read before and after: what lies between is when the power was lost.
    const before_s = await this.standby.now_s();
    await this.lab.machine(host).kill();
    const lost_s = (before_s + (await this.standby.now_s())) / 2;
    await this.standby.waitForState(host, 'taken-over', TAKEOVER_TIMEOUT_MS);
    await this.waitForAcknowledgement(host);
    const { begun_s, ended_s } = await this.standby.lastRun(host, 'failover');
    const { acknowledgements } = await this.client.writerLog(host);
    return {
      detect_s: begun_s - lost_s,
      takeover_s: ended_s - begun_s,
      outage_s: outage_s(acknowledgements, from_s, Number.POSITIVE_INFINITY),
    };
  }

  /** Powers the primary on and waits until it is up: it must hold itself passive. */
  async powerOn(host: PrimaryName): Promise<void> {
    await this.lab.up([host]);
  }

  async failBack(host: PrimaryName): Promise<Failback> {
    const from_s = await this.client.now_s();
    const { copied_bytes, size_bytes } = await this.standby.failback<FailbackResult>(host);
    await this.waitForAcknowledgement(host);
    await this.standby.waitForState(host, 'protected', PROTECTED_TIMEOUT_MS);
    const { acknowledgements } = await this.client.writerLog(host);
    return { outage_s: outage_s(acknowledgements, from_s, Number.POSITIVE_INFINITY), copied_bytes, size_bytes };
  }

  /** Waits until a record that was begun after now has been acknowledged. */
  async waitForAcknowledgement(host: PrimaryName): Promise<void> {
    const from_s = await this.client.now_s();
    const deadline = Date.now() + CLIENT_TIMEOUT_MS;
    while (Date.now() < deadline) {
      const { acknowledgements, errors } = await this.client.writerLog(host);
      if (errors.length > 0) throw new Error(`Cannot go on: the client of ${host} was told: ${errors.join('; ')}`);
      if (acknowledgements.some(({ begun_s }) => begun_s > from_s)) return;
      await sleep(500);
    }
    throw new Error(`Cannot wait any longer for an acknowledgement of ${host}: none for ${CLIENT_TIMEOUT_MS / 1000} s`);
  }

  /** Ends the writers, and what became of each one's records. */
  async settle(): Promise<Record<PrimaryName, ClientAccount>> {
    await this.stopWriters();
    return { alpha: await this.client.settle('alpha'), beta: await this.client.settle('beta') };
  }

  /**
   * Ends what the clients do, and compares the host's legs from outside as they are on the disks, while both machines stand still. The watch does not
   * see it, however long that takes; afterwards all goes on, and the lab may be handed on.
   */
  async compareLegs(host: PrimaryName): Promise<LegComparison> {
    for (const name of PRIMARY_NAMES) await this.client.unmount(name);
    const machines = [this.lab.machine(host), this.lab.machine('standby')] as const;
    const [primary, standby] = machines;
    await standby.shell.run('systemctl stop spare-watch');
    await primary.shell.run(`sync; until grep -qE "clean|idle" /sys/block/md*/md/array_state; do sleep 0.2; done`);
    await standby.shell.run('sync');
    for (const machine of machines) machine.freeze();
    const copies = await copyLegs(this.lab, host).finally(() => {
      for (const machine of machines) machine.thaw();
    });
    await standby.shell.run('systemctl start spare-watch');
    return compareLegs(copies);
  }

  /** What clients and watchers have left behind on the machines goes: the next scenario counts from nothing. */
  async clear(): Promise<void> {
    await this.stopWriters();
    for (const host of PRIMARY_NAMES) {
      await this.client.clear(host);
      const { shell } = this.lab.machine(host);
      const empty = `find /srv/${host} -mindepth 1 -maxdepth 1 ! -name lost+found ! -name .spare -exec rm -rf {} +`;
      await shell.run(`systemctl stop ${MIRROR_UNIT} 2>/dev/null; rm -f ${MIRROR_LOG}; ${empty}; sync`);
    }
  }
}

/** The longest time that one record of this client had to wait, in seconds. */
export function stall_s({ acknowledgements }: ClientAccount): number {
  return longestStall_s(acknowledgements);
}
