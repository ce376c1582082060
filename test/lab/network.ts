import { execa } from 'execa';
import { HOST_ADDRESS, type MachineName } from './settings.ts';

const BRIDGE = 'br0';
// A state of a bridge port, BR_STATE_DISABLED in <linux/if_bridge.h>.
const PORT_DISABLED = '0';

/**
 * The lab's network: a network namespace with a bridge, and a tap for each machine. Nothing of it is seen from outside the
 * namespace, so several labs can use the same addresses.
 */
export class Network {
  readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** The command line that runs `argv` inside the namespace. */
  inside(argv: readonly string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.namespace, ...argv]];
  }

  async exists(): Promise<boolean> {
    const { stdout } = await execa('ip', ['netns', 'list']);
    return stdout.split('\n').some((line) => line.split(' ')[0] === this.namespace);
  }

  /** Makes the namespace and the bridge, unless they are there. */
  async up(): Promise<void> {
    if (await this.exists()) return;
    await execa('ip', ['netns', 'add', this.namespace]);
    await this.#link('set', 'lo', 'up');
    await this.#link('add', BRIDGE, 'type', 'bridge', 'forward_delay', '0', 'stp_state', '0');
    await this.#ip('address', 'add', `${HOST_ADDRESS}/24`, 'dev', BRIDGE);
    await this.#link('set', BRIDGE, 'up');
  }

  async down(): Promise<void> {
    if (await this.exists()) await execa('ip', ['netns', 'delete', this.namespace]);
  }

  /** Makes the machine's tap, unless it is there, plugs it in, and returns its name. */
  async plugIn(machine: MachineName): Promise<string> {
    const { failed } = await execa(...this.inside(['ip', 'link', 'show', tap(machine)]), { reject: false });
    if (failed) await this.#ip('tuntap', 'add', tap(machine), 'mode', 'tap');
    await this.heal(machine);
    return tap(machine);
  }

  /** Pulls the cable: the machine sees that its carrier is lost. */
  async cut(machine: MachineName): Promise<void> {
    await this.#link('set', tap(machine), 'nomaster');
    await this.#link('set', tap(machine), 'down');
  }

  /** A switch that forwards nothing: the machine's carrier stays, its packets vanish. */
  async silence(machine: MachineName): Promise<void> {
    await execa(...this.inside(['bridge', 'link', 'set', 'dev', tap(machine), 'state', PORT_DISABLED]));
  }

  /** Takes back `cut` and `silence`: a port that is plugged in anew forwards. */
  async heal(machine: MachineName): Promise<void> {
    await this.#link('set', tap(machine), 'nomaster');
    await this.#link('set', tap(machine), 'up');
    await this.#link('set', tap(machine), 'master', BRIDGE);
  }

  async #link(...argv: string[]): Promise<void> {
    await this.#ip('link', ...argv);
  }

  async #ip(...argv: string[]): Promise<void> {
    await execa(...this.inside(['ip', ...argv]));
  }
}

function tap(machine: MachineName): string {
  return `t-${machine}`;
}
