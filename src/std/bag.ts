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

  /** @throws Error where it is not in the bag: another one would be taken out in its place */
  remove(item: Item): void {
    if (this.#items[item.place] !== item) throw new Error('Cannot take out of a bag what is not in it');
    const last = this.#items.pop() as Item;
    if (last !== item) {
      this.#items[item.place] = last;
      last.place = item.place;
    }
    item.place = -1;
  }
}
