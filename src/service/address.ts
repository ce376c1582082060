/** arping(8), `-D`: duplicate address detection; ends with 0 when nobody answers, with 1 when somebody does. */
export function addressUnusedArgv(networkInterface: string, address: string): string[] {
  return ['arping', '-D', '-q', '-c', '2', '-w', '2', '-I', networkInterface, address];
}

/** The exit code of `addressUnusedArgv` that says: the address is in use. */
export const ADDRESS_ANSWERS = 1;
