import type { Configuration, HostConfiguration } from '../config/schema.ts';
import { bootMomentNow } from '../std/boot-moment.ts';
import { eventOf } from '../std/event.ts';
import { HostKeeper, type KeeperWorld } from './host-keeper.ts';
import { HostMonitor, type HostProbers } from './host-monitor.ts';
import { ISOLATED_SAMPLES, isIsolated, type NetworkSample } from './isolation.ts';
import { Readiness, type ReadinessWorld } from './readiness.ts';
import type { WatchSnapshot } from './watch-file.ts';

/** The parts of a watch. */
export interface WatchWorld extends KeeperWorld, ReadinessWorld {
  configuration(): Configuration;
  network(): Promise<NetworkSample>;
  probers(host: HostConfiguration): HostProbers;
  publish(snapshot: WatchSnapshot): void;
}

interface WatchedHost {
  readiness: Readiness;
  /** For detecting a changed configuration of the host. */
  configuration: string;
  monitor: HostMonitor;
  keeper: HostKeeper;
  abort: AbortController;
  probing: Promise<void>;
}

/** Rounds start once a second: a round outside these limits after the previous one is out of step. */
const EARLY_ms = 500;
const LATE_ms = 2000;

/** States in which the primary does not serve: misses then say nothing about the standby's network. */
const ELSEWHERE = new Set(['failing-over', 'taken-over', 'failing-back']);

/** Watches every enrolled host independently: `tick` once a second. */
export class Watch {
  readonly #world: WatchWorld;
  readonly #hosts = new Map<string, WatchedHost>();
  #lastHosts: Record<string, HostConfiguration> = {};
  #isolated = false;
  #lastRoundAt_ms: number | undefined;
  #wasLate = false;
  /** Why the last snapshot was not written. */
  #unpublished: string | undefined;

  constructor(world: WatchWorld) {
    this.#world = world;
  }

  /** One round: probe all hosts, then let each host's keeper act. Never waits for an operation. */
  async tick(): Promise<void> {
    this.#followConfiguration();
    const network = await this.#world.network();
    const now = this.#world.clock.bootTime_ms();
    if (this.#isOutOfStep(now)) return;
    const looks = [...this.#hosts].map(([name, watched]) => ({ name, watched, samples: watched.monitor.look(now) }));
    const telling = looks.filter(({ name }) => !this.#isServedElsewhere(name));
    this.#tellIsolation(
      isIsolated(
        network,
        telling.map(({ samples }) => samples),
      ),
    );
    for (const { name, watched, samples } of looks) {
      watched.readiness.tick();
      try {
        watched.keeper.tick(this.#isolated ? ISOLATED_SAMPLES : samples);
      } catch (error) {
        // A damaged record of one host must not stop the watch for the others.
        const message = error instanceof Error ? error.message : String(error);
        this.#world.log(eventOf('host-unwatched', { host: name, message }));
      }
    }
    this.#publish();
  }

  snapshot(): WatchSnapshot {
    return {
      version: 1,
      pid: process.pid,
      at: this.#world.clock.wallTime().toISOString(),
      moment: bootMomentNow(this.#world.clock),
      isolated: this.#isolated,
      hosts: Object.fromEntries(
        [...this.#hosts].map(([name, { keeper, readiness }]) => [
          name,
          { ...keeper.snapshot(), ...readiness.snapshot() },
        ]),
      ),
    };
  }

  /** A full disk does not end the watch: it acts on what it knows, and only status is blind. */
  #publish(): void {
    try {
      this.#world.publish(this.snapshot());
      this.#unpublished = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#unpublished) this.#world.log(eventOf('snapshot-unwritten', { facts: { error: message } }));
      this.#unpublished = message;
    }
  }

  /** Ends all probes and their processes, and waits for running operations. */
  async close(): Promise<void> {
    const all = [...this.#hosts.values()];
    for (const { abort } of all) abort.abort();
    await Promise.all(
      all.flatMap(({ probing, keeper, readiness }) => [probing, keeper.settled(), readiness.settled()]),
    );
  }

  /**
   * A busy standby must not count its own slowness as misses of its hosts. The round after a delay is skipped, because answers may
   * still be unread, but never two in a row: a standby that is slow for long would see nothing. Rounds that follow a delay
   * immediately, to catch up, are skipped too: a miss stands for a second without an answer.
   */
  #isOutOfStep(now: number): boolean {
    const elapsed_ms = now - (this.#lastRoundAt_ms ?? Number.NEGATIVE_INFINITY);
    if (elapsed_ms < EARLY_ms) return true;
    const isLate = this.#lastRoundAt_ms !== undefined && elapsed_ms > LATE_ms && !this.#wasLate;
    this.#lastRoundAt_ms = now;
    this.#wasLate = isLate;
    return isLate;
  }

  /** Hosts come and go while the watch runs. */
  #followConfiguration(): void {
    const hosts = this.#configuredHosts();
    for (const [name, watched] of this.#hosts) {
      if (JSON.stringify(hosts[name]) === watched.configuration) continue;
      watched.abort.abort();
      this.#hosts.delete(name);
      this.#world.log(eventOf('host-removed', { host: name }));
    }
    for (const [name, host] of Object.entries(hosts)) {
      if (!this.#hosts.has(name)) this.#hosts.set(name, this.#begin(host));
    }
  }

  /** While the configuration is damaged, the last valid one stays in use. */
  #configuredHosts(): Record<string, HostConfiguration> {
    try {
      this.#lastHosts = this.#world.configuration().hosts;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#world.log(eventOf('configuration-unread', { message }));
    }
    return this.#lastHosts;
  }

  #begin(host: HostConfiguration): WatchedHost {
    const abort = new AbortController();
    const monitor = new HostMonitor(this.#world.probers(host));
    const keeper = new HostKeeper(host, monitor, this.#world);
    this.#world.log(eventOf('host-added', { host: host.name, facts: { policy: host.policy } }));
    return {
      readiness: new Readiness(host.name, this.#world),
      configuration: JSON.stringify(host),
      monitor,
      keeper,
      abort,
      probing: monitor.run(abort.signal),
    };
  }

  #isServedElsewhere(host: string): boolean {
    try {
      // The state is that of the host, whichever volume the evidence beside it is about.
      const [volume] = this.#lastHosts[host]?.volumes ?? [];
      return volume !== undefined && ELSEWHERE.has(this.#world.record(host, volume.name)?.state ?? '');
    } catch {
      // Its keeper reports that the record is damaged.
      return false;
    }
  }

  #tellIsolation(isolated: boolean): void {
    if (isolated === this.#isolated) return;
    this.#isolated = isolated;
    this.#world.log(eventOf(isolated ? 'isolation' : 'isolation-over'));
  }
}
