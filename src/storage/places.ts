/** Slots that this node holds in a shared store, so that they can be renewed and given back. */
import { newId } from '../kit/ids.ts';

/** How long the slots of a node that died still count. */
export const LEASE_MS = 30_000;
/** Three tries within one lease. */
export const RENEW_EVERY_MS = 10_000;
/** Slots renewed by one operation. */
export const RENEW_SLOTS_MAX = 500;

export interface HeldSlots {
  readonly name: string;
  readonly slots: readonly string[];
}

/** Slots of one name are alike: whoever leaves gives back any of them. */
export class HeldPlaces {
  readonly #slots = new Map<string, string[]>();

  newSlot(): string {
    return newId('slot');
  }

  keep(name: string, slot: string): void {
    const slots = this.#slots.get(name);
    if (slots === undefined) this.#slots.set(name, [slot]);
    else slots.push(slot);
  }

  /** One of them, no longer held; undefined where there is none. */
  drop(name: string): string | undefined {
    const slots = this.#slots.get(name);
    const slot = slots?.pop();
    if (slots?.length === 0) this.#slots.delete(name);
    return slot;
  }

  /** All that is held, in groups of at most RENEW_SLOTS_MAX. */
  *groups(): Generator<HeldSlots> {
    for (const [name, slots] of this.#slots) {
      for (let from = 0; from < slots.length; from += RENEW_SLOTS_MAX) {
        yield { name, slots: slots.slice(from, from + RENEW_SLOTS_MAX) };
      }
    }
  }
}
