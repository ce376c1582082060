/** An item of a bag. The bag stores the item's position in it. */
export interface Placed {
  place: number;
}

/** An unordered collection. Removal needs no search and no hash, unlike a `Set` of objects: for items that live as long as one command. */
export class Bag<Item extends Placed> {
  readonly #items: Item[] = [];

  /** Items may change during the iteration, but none may be added or removed. */
  get items(): readonly Item[] {
    return this.#items;
  }

  add(item: Item): void {
    item.place = this.#items.length;
    this.#items.push(item);
  }

  /** @throws Error if the item is not in the bag: another item would be removed instead */
  remove(item: Item): void {
    if (this.#items[item.place] !== item) throw new Error('Cannot remove an item that is not in the bag');
    const last = this.#items.pop() as Item;
    if (last !== item) {
      this.#items[item.place] = last;
      last.place = item.place;
    }
    item.place = -1;
  }
}
