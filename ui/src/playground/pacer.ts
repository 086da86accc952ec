/** How long one slice of work may take: between slices the worker hears requests. */
const SLICE_MS = 25;
/** How much of the time that has passed is caught up with at most: what a hidden tab or a slow machine missed is gone. */
const DEBT_MS_MAX = 250;
/** One call of `advance` should take about this long: short enough to end a slice in time, long enough to be worth it. */
const CALL_MS = 6;
const CHUNK_MS_MAX = 5_000;
/** Over what time the speed that was reached is measured. */
const MEASURE_MS = 1_000;

/**
 * Lets virtual time follow real time, times a speed, as far as the machine can.
 *
 * Virtual time advances in whole milliseconds, in chunks that adapt themselves to how long one takes; however it is cut,
 * the simulated run is the same.
 */
export class Pacer {
  isPlaying = false;
  speed = 1;
  /** Virtual milliseconds for each real one, lately. */
  reached = 0;
  readonly #advance: (ms: number) => void;
  readonly #now: () => number;
  #last: number;
  #owed = 0;
  #chunk = 1;
  #measuredAt: number;
  #passed = 0;

  constructor(advance: (ms: number) => void, now: () => number) {
    this.#advance = advance;
    this.#now = now;
    this.#last = this.#measuredAt = now();
  }

  play(isPlaying: boolean): void {
    this.isPlaying = isPlaying;
    this.#owed = 0;
    this.#last = this.#measuredAt = this.#now();
    this.#passed = this.reached = 0;
  }

  /** Works for one slice at most; returns after how many milliseconds there is something to do again. */
  slice(): number {
    const begun = this.#now();
    this.#owed = Math.min(
      this.#owed + (begun - this.#last) * this.speed,
      Math.max(1, DEBT_MS_MAX * this.speed),
    );
    this.#last = begun;
    let now = begun;
    while (this.#owed >= 1 && now - begun < SLICE_MS) {
      const ms = Math.min(Math.floor(this.#owed), this.#chunk);
      this.#advance(ms);
      this.#owed -= ms;
      this.#passed += ms;
      const took = this.#now() - now;
      now += took;
      if (took > CALL_MS) this.#chunk = Math.max(1, this.#chunk >> 1);
      else if (took < CALL_MS / 3 && ms === this.#chunk) {
        this.#chunk = Math.min(CHUNK_MS_MAX, this.#chunk * 2);
      }
    }
    this.#measure(now);
    if (this.#owed >= 1) return 0;
    return Math.min(50, Math.max(4, (1 - this.#owed) / this.speed));
  }

  #measure(now: number): void {
    const over = now - this.#measuredAt;
    if (over < MEASURE_MS) return;
    this.reached = this.#passed / over;
    this.#measuredAt = now;
    this.#passed = 0;
  }
}
