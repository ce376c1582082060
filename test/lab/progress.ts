/** Told while it goes on, on standard error, with the time since this process began. */
export function progress(line: string): void {
  process.stderr.write(`${seconds(performance.now()).padStart(9)}  ${line}\n`);
}

/** Milliseconds as a person reads them: `12.3 s`. */
export function seconds(duration_ms: number): string {
  return `${(duration_ms / 1000).toFixed(1)} s`;
}
