import { qemuEngine } from './qemu.ts';

/** QEMU's software emulation, which runs everywhere. An old CPU is the cheapest to emulate: `max` is a good deal slower. */
export const tcg = qemuEngine('tcg', ['-accel', 'tcg,thread=multi,tb-size=128', '-cpu', 'Nehalem']);
