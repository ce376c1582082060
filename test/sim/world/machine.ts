import type { CommandResult } from '../edge/edge-world.ts';
import type { MirrorArray } from './array.ts';
import { Service } from './service.ts';

export const DONE: CommandResult = { exitCode: 0, stdout: '', stderr: '' };

export function printed(stdout: string): CommandResult {
  return { exitCode: 0, stdout, stderr: '' };
}

export function failed(stderr: string, exitCode = 1): CommandResult {
  return { exitCode, stdout: '', stderr };
}

/** What a machine runs for one host. */
export class HostParts {
  readonly service = new Service();
  array: MirrorArray | undefined;

  /** Verbs of the service program. `undefined` while the array's writes hang: ask again. */
  serviceVerb(verb: string, now_ms: number): CommandResult | undefined {
    const { service } = this;
    switch (verb) {
      case 'prepare':
        service.prepared = true;
        return DONE;
      case 'ready':
        return service.prepared ? DONE : printed('the namespaces are missing\n');
      case 'mount':
        if (!this.array || this.array.readonly) return failed('the array is not running, or read-only');
        service.mounted = true;
        return DONE;
      case 'nfs-start':
        if (!service.mounted) return failed('it is not mounted');
        service.nfs = true;
        return DONE;
      case 'address-up':
        service.address = true;
        service.announcedAt_ms = now_ms;
        return DONE;
      case 'address-down':
        service.address = false;
        return DONE;
      case 'nfs-stop':
        service.nfs = false;
        return DONE;
      case 'unmount':
        if (service.nfs) return failed('target is busy');
        if (this.array && !this.array.isIdle()) return undefined;
        service.mounted = false;
        return DONE;
      case 'down':
        return this.#down();
      case 'up':
        return this.#all(['prepare', 'mount', 'nfs-start', 'address-up'], now_ms);
      case 'status':
        return printed(this.#status());
      default:
        return failed(`unknown verb '${verb}'`);
    }
  }

  stopArray(): CommandResult | undefined {
    if (!this.array) return failed('no such array');
    if (this.service.mounted) return failed('Cannot get exclusive access');
    if (!this.array.isIdle()) return undefined;
    this.array.stop();
    this.array = undefined;
    return DONE;
  }

  losePower(): void {
    this.service.end();
    this.array?.vanish();
    this.array = undefined;
  }

  #down(): CommandResult | undefined {
    this.service.address = false;
    this.service.nfs = false;
    if (this.array && !this.array.isIdle()) return undefined;
    this.service.mounted = false;
    return this.array ? this.stopArray() : DONE;
  }

  #all(verbs: readonly string[], now_ms: number): CommandResult | undefined {
    for (const verb of verbs) {
      const result = this.serviceVerb(verb, now_ms);
      if (result?.exitCode !== 0) return result;
    }
    return DONE;
  }

  #status(): string {
    const yes = (value: boolean) => (value ? 'yes' : 'no');
    const { prepared, mounted, nfs, address } = this.service;
    return `prepared=${yes(prepared)}\nassembled=${yes(this.array !== undefined)}\nmounted=${yes(mounted)}\nnfsThreads=${nfs ? 8 : 0}\naddress=${yes(address)}\n`;
  }
}
