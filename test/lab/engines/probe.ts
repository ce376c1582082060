/** Given to a kernel that is booted only to see whether this computer can run it: the first program answers and switches off. */
export const PROBE_PARAMETER = 'lab.probe';
export const PROBE_ANSWER = 'lab: guest runs';
export const PROBE_TIMEOUT_MS = 20_000;
