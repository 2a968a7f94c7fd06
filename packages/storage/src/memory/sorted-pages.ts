import { compareBytes } from '@mxd/codec';
import { type Entry, type RangeOptions } from '../contract.ts';

const pageEntries = 256;

/** Sorted entries; `owner` says which map may change the page in place. */
interface Page {
  readonly owner: object;
  readonly keys: Uint8Array[];
  readonly values: Uint8Array[];
}

/** Where an entry is, or would be inserted. */
interface Place {
  readonly page: number;
  readonly index: number;
  readonly found: boolean;
}

/**
 * An ordered map whose copies are cheap: `freeze` shares all pages, and the first later write to a
 * page copies that page only.
 */
export class SortedPages {
  #pages: Page[];
  #owner: object = {};
  /** True while `#pages` itself is shared with a frozen copy. */
  #shared = false;
  #size = 0;

  constructor(pages: Page[] = [], size = 0) {
    this.#pages = pages;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const place = this.#find(key);
    return place.found ? this.#pages[place.page]?.values[place.index] : undefined;
  }

  /** A copy that later writes to this map do not change. */
  freeze(): SortedPages {
    this.#owner = {};
    this.#shared = true;
    return new SortedPages(this.#pages, this.#size);
  }

  set(key: Uint8Array, value: Uint8Array): void {
    const place = this.#find(key);
    const page = this.#own(place.page);
    if (place.found) {
      page.values[place.index] = value;
      return;
    }
    page.keys.splice(place.index, 0, key);
    page.values.splice(place.index, 0, value);
    this.#size += 1;
    if (page.keys.length > pageEntries) this.#split(place.page, page);
  }

  delete(key: Uint8Array): void {
    const place = this.#find(key);
    if (!place.found) return;
    const page = this.#own(place.page);
    page.keys.splice(place.index, 1);
    page.values.splice(place.index, 1);
    this.#size -= 1;
    if (page.keys.length === 0) this.#pages.splice(place.page, 1);
  }

  /** Entries of the range, in order. The map must not be written to while this runs. */
  *entries(range: RangeOptions): Generator<Entry, undefined> {
    const low = this.#bound(range.gte ?? range.gt, range.gt !== undefined, 'start');
    const high = this.#bound(range.lte ?? range.lt, range.lte !== undefined, 'end');
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    const reverse = range.reverse === true;
    let { page, index } = reverse ? high : low;
    const stop = reverse ? low : high;
    while (left > 0) {
      if (
        reverse ? !isBefore(stop, page, index) : !isBefore({ page, index }, stop.page, stop.index)
      ) {
        return undefined;
      }
      if (reverse) {
        index -= 1;
        if (index < 0) {
          page -= 1;
          index = (this.#pages[page]?.keys.length ?? 0) - 1;
        }
      }
      const current = this.#pages[page];
      const key = current?.keys[index];
      const value = current?.values[index];
      if (key === undefined || value === undefined) {
        if (reverse) return undefined;
        page += 1;
        index = 0;
        continue;
      }
      yield [key, value];
      left -= 1;
      if (!reverse) index += 1;
    }
    return undefined;
  }

  /** The position of the first entry at (or, with `after`, behind) the key. */
  #bound(
    key: Uint8Array | undefined,
    after: boolean,
    otherwise: 'start' | 'end',
  ): { page: number; index: number } {
    if (key === undefined) {
      return { page: otherwise === 'start' ? 0 : this.#pages.length, index: 0 };
    }
    const place = this.#find(key);
    const index = place.found && after ? place.index + 1 : place.index;
    // One form per position, so that positions can be compared.
    if (index === this.#pages[place.page]?.keys.length) return { page: place.page + 1, index: 0 };
    return { page: place.page, index };
  }

  #find(key: Uint8Array): Place {
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = this.#pages[middle]?.keys[0];
      if (first !== undefined && compareBytes(first, key) <= 0) low = middle + 1;
      else high = middle;
    }
    const page = Math.max(0, low - 1);
    const keys = this.#pages[page]?.keys ?? [];
    low = 0;
    high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareBytes(keys[middle] as Uint8Array, key);
      if (order === 0) return { page, index: middle, found: true };
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return { page, index: low, found: false };
  }

  /** The page, made this map's own first. */
  #own(index: number): Page {
    if (this.#shared) {
      this.#pages = [...this.#pages];
      this.#shared = false;
    }
    const page = this.#pages[index];
    if (page?.owner === this.#owner) return page;
    const own: Page = {
      owner: this.#owner,
      keys: page === undefined ? [] : [...page.keys],
      values: page === undefined ? [] : [...page.values],
    };
    this.#pages[index] = own;
    return own;
  }

  #split(index: number, page: Page): void {
    const half = page.keys.length >>> 1;
    const right: Page = {
      owner: this.#owner,
      keys: page.keys.splice(half),
      values: page.values.splice(half),
    };
    this.#pages.splice(index + 1, 0, right);
  }
}

function isBefore(
  position: { readonly page: number; readonly index: number },
  page: number,
  index: number,
): boolean {
  return position.page < page || (position.page === page && position.index < index);
}
