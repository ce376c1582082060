/** How a host's fence device behaves. `lies`: it says off, and the machine goes on. */
export type FenceMode = 'works' | 'fails' | 'hangs' | 'lies';

/** The command's first words in the configuration. */
export const FENCE_COMMAND = 'fence-device';
