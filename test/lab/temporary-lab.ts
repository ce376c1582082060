import { Lab } from './lab.ts';
import { installPackages, LAB_PACKAGES } from './packages.ts';
import { labSettings, MACHINE_NAMES } from './settings.ts';

export interface TemporaryLabOptions<T> {
  /** The lab's name where the environment gives none. */
  name: string;
  tell: (line: string) => void;
  /** What to do with a lab of this name that still runs: it may be somebody's, or what an earlier run left behind. */
  leftover: 'refuse' | 'remove';
  /** Whether what came of it is a failure, too, after which the lab may be left running. */
  failed?: (result: T) => boolean;
}

const INTERRUPTED = 130;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Opens a lab, runs `use` with it, and takes it down again, whatever happens: a failure, Ctrl-C, SIGTERM.
 * `SPARE_LAB_KEEP=1` leaves it running after a failure, to be looked into.
 */
export async function withTemporaryLab<T>(options: TemporaryLabOptions<T>, use: (lab: Lab) => Promise<T>): Promise<T> {
  await installPackages(LAB_PACKAGES, options.tell);
  const lab = await Lab.open(labSettings({ SPARE_LAB_NAME: options.name, ...process.env }), options.tell);
  const { name } = lab.settings;
  if (MACHINE_NAMES.some((machine) => lab.machine(machine).pid !== undefined) && options.leftover === 'refuse') {
    throw new Error(
      `Cannot start the lab '${name}': it runs already. End it with: SPARE_LAB_NAME=${name} npm run lab -- down`,
    );
  }
  await lab.down();
  let keep = false;
  let closing: Promise<void> | undefined;
  const interrupt = async () => {
    // A terminal that is closed sends SIGHUP after Ctrl-C's SIGINT, and can't be written to any more: the lab is taken down once, and wholly.
    if (closing !== undefined) return;
    process.stdout.on('error', () => {});
    process.stderr.on('error', () => {});
    options.tell('Interrupted: taking the lab down');
    closing = lab.close();
    await closing;
    process.exit(INTERRUPTED);
  };
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const keepToLook = () => {
    keep = process.env.SPARE_LAB_KEEP === '1';
    if (keep) options.tell(`The lab '${name}' is left running: SPARE_LAB_NAME=${name} npm run lab -- ssh standby`);
  };
  try {
    const result = await use(lab);
    if (options.failed?.(result) === true) keepToLook();
    return result;
  } catch (error) {
    keepToLook();
    throw error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    // What `use` makes of a lab that is taken down under its hands must not end this process before that is done.
    if (closing !== undefined) await closing;
    else if (!keep) await lab.down();
  }
}
