import type { HostConfiguration } from '../../../src/config/schema.ts';
import { onlyVolume } from '../../../src/config/volumes.ts';
import type { CommandResult } from '../edge/edge-world.ts';
import { type ArrayOptions, MirrorArray } from './array.ts';
import type { Leg } from './leg.ts';
import { DONE, failed, HostParts, printed } from './machine.ts';
import { localPath } from './primary.ts';

export interface StandbyHost {
  configuration: HostConfiguration;
  leg: Leg;
  /** Attached to a loop device. */
  isAttached: boolean;
  parts: HostParts;
}

export interface StandbyOptions {
  now_ms: () => number;
  arrayOptions: (host: string) => ArrayOptions;
  /** Just before the array of a host becomes writable here. */
  onWritable: (host: string) => void;
  /** Whether something answers at a host's service address. */
  isAddressUsed: (address: string) => boolean;
  onChange: (what: string) => void;
}

/** What runs on the standby beside its daemons: loop devices, arrays, services. */
export class Standby {
  readonly hosts = new Map<string, StandbyHost>();
  readonly #options: StandbyOptions;

  constructor(options: StandbyOptions) {
    this.#options = options;
  }

  add(configuration: HostConfiguration, leg: Leg): StandbyHost {
    const host = { configuration, leg, isAttached: false, parts: new HostParts() };
    this.hosts.set(configuration.name, host);
    return host;
  }

  losePower(): void {
    for (const host of this.hosts.values()) {
      host.parts.losePower();
      host.isAttached = false;
    }
  }

  arrayState(device: string): string | undefined {
    const array = this.#byDevice(device)?.parts.array;
    return array && (array.readonly ? 'readonly' : 'clean');
  }

  loopsOf(path: string): string[] {
    const host = this.#byLeg(path);
    return host?.isAttached ? [loopOf(host)] : [];
  }

  /** A command line. `undefined` while it waits. */
  command(argv: readonly string[]): CommandResult | undefined {
    const [file = '', ...args] = argv;
    if (file === 'sync') return DONE;
    if (file === 'losetup') return this.#losetup(args);
    if (file === 'mdadm') return this.#mdadm(args);
    if (file === 'e2fsck')
      return this.#byDevice(args.at(-1) ?? '')?.parts.service.mounted ? failed('is mounted', 8) : DONE;
    if (file.endsWith('/service')) return this.#service(args);
    if (file === 'arping') return this.#options.isAddressUsed(args.at(-1) ?? '') ? failed('answered') : DONE;
    if (file === 'ip') return printed('[{"gateway":"10.77.0.1"}]');
    throw new Error(`The simulated standby has no command '${argv.join(' ')}'`);
  }

  #service([verb = '', name = '']: readonly string[]): CommandResult | undefined {
    const host = this.hosts.get(name);
    if (!host) return failed('no such host');
    if (!['status', 'prepare', 'ready'].includes(verb)) this.#options.onChange(`standby: service ${verb} ${name}`);
    return host.parts.serviceVerb(verb, this.#options.now_ms());
  }

  #losetup(args: readonly string[]): CommandResult {
    if (args.includes('--associated')) return printed(this.loopsOf(args.at(-1) ?? '').join('\n'));
    if (args.includes('--detach')) {
      const host = [...this.hosts.values()].find((each) => loopOf(each) === args.at(-1));
      if (host?.parts.array) return failed('busy');
      if (host) host.isAttached = false;
      return DONE;
    }
    const host = this.#byLeg(args.at(-1) ?? '');
    if (!host) return failed('no such file');
    host.isAttached = true;
    return printed(`${loopOf(host)}\n`);
  }

  #mdadm(args: readonly string[]): CommandResult | undefined {
    const device = args.find((arg) => arg.startsWith('/dev/md/')) ?? '';
    const host = this.#byDevice(device);
    if (!host) return failed('no such array');
    if (args[0] === '--assemble') return this.#assemble(host);
    if (args[0] === '--stop') return host.parts.stopArray();
    if (args[0] !== '--readwrite') throw new Error(`The simulated standby knows no mdadm ${args.join(' ')}`);
    if (!host.parts.array) return failed('no such array');
    this.#options.onWritable(host.configuration.name);
    host.parts.array.setWritable();
    this.#options.onChange(`standby: the array of ${host.configuration.name} is writable`);
    return DONE;
  }

  #assemble(host: StandbyHost): CommandResult {
    if (host.parts.array || !host.isAttached) return failed('busy, or no such leg');
    const array = new MirrorArray(this.#options.arrayOptions(host.configuration.name), true);
    if (!array.assemble([localPath(host.leg, 'loop0')])) return failed('not enough to start the array');
    host.parts.array = array;
    return DONE;
  }

  #byDevice(device: string): StandbyHost | undefined {
    return [...this.hosts.values()].find(({ configuration }) => onlyVolume(configuration).device === device);
  }

  #byLeg(path: string): StandbyHost | undefined {
    return [...this.hosts.values()].find(({ configuration }) => onlyVolume(configuration).standbyLeg.path === path);
  }
}

function loopOf({ configuration }: StandbyHost): string {
  return `/dev/loop-${configuration.name}`;
}
