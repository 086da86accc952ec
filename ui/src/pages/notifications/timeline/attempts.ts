import type { Attempt, Delivery, Reason } from "@/api/types";

/** After one of these the next attempt has the same number again: no step of the schedule was used up. */
const NO_STEP: readonly Reason[] = ["interrupted", "rate-limited"];

/** Attempts in the rounds that they were made in: each resending counts from 1 again. */
export function roundsOf(attempts: readonly Attempt[]): Attempt[][] {
  const rounds: Attempt[][] = [];
  let last: Attempt | undefined;
  for (const attempt of attempts) {
    const repeats = last !== undefined && attempt.number <= last.number && !NO_STEP.includes(last.reason);
    if (last === undefined || repeats) rounds.push([]);
    rounds.at(-1)?.push(attempt);
    last = attempt;
  }
  return rounds;
}

const ORDER: readonly Delivery["status"][] = ["DEAD", "RETRYING", "PENDING", "SKIPPED", "DELIVERED"];

/** What failed comes first: it is what one looks for. */
export function failuresFirst(deliveries: readonly Delivery[]): Delivery[] {
  return deliveries.toSorted((one, other) => ORDER.indexOf(one.status) - ORDER.indexOf(other.status));
}

/** "2 deliveries: 1 dead, 1 delivered" */
export function summaryOf(deliveries: readonly Delivery[]): string {
  if (deliveries.length === 0) return "None yet";
  const parts = ORDER.flatMap((status) => {
    const count = deliveries.filter((delivery) => delivery.status === status).length;
    return count === 0 ? [] : [`${count} ${status.toLowerCase()}`];
  });
  return parts.join(", ");
}
