/** What is kept in a bag: the bag notes there where it is. */
export interface Placed {
  place: number;
}

/** Things in no order. Taking one out looks for nothing and hashes nothing, as a `Set` of objects would: for what comes and goes with each command. */
export class Bag<Item extends Placed> {
  readonly #items: Item[] = [];

  /** Items may change meanwhile, but none may be added or removed. */
  get items(): readonly Item[] {
    return this.#items;
  }

  add(item: Item): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** @param item Must be in the bag. */
  remove(item: Item): void {
    const last = this.#items.pop() as Item;
    if (last === item) return;
    this.#items[item.place] = last;
    last.place = item.place;
  }
}
