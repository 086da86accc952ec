/**
 * The platform's clock. It is that of this device, but for a platform that is simulated in it: there the year is another
 * one, and an hour may pass in a minute.
 */
let read: () => number = Date.now;

/** What the platform's clock shows, in Unix milliseconds. */
export function platformNow(): number {
  return read();
}

/** Takes another clock from now on; for the entry points alone. */
export function followClock(clock: () => number): void {
  read = clock;
}
