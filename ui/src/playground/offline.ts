/**
 * Keeps the files of this site in the browser, so that the next visit needs no network.
 *
 * Begun when the page is already usable: the first visit has better use for the line before.
 */
export function workOffline(): void {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("offline.js").catch(() => undefined); // A private window may forbid it.
}
