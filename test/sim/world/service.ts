/** What the `service` program runs for one host on one machine: templates/primary/service. */
export class Service {
  prepared = false;
  mounted = false;
  nfs = false;
  address = false;
  /** When the address was announced last. */
  announcedAt_ms = 0;

  get serves(): boolean {
    return this.mounted && this.nfs && this.address;
  }

  end(): void {
    this.prepared = false;
    this.mounted = false;
    this.nfs = false;
    this.address = false;
  }
}
