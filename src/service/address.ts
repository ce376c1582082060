/** arping(8), `-D`: duplicate address detection; exits with 0 if nobody answers, with 1 if somebody does. */
export function addressUnusedArgv(networkInterface: string, address: string): string[] {
  return ['arping', '-D', '-q', '-c', '2', '-w', '2', '-I', networkInterface, address];
}

/** The exit code of `addressUnusedArgv` if the address is in use. */
export const ADDRESS_ANSWERS = 1;
