/** A request of the API on its way into the worker. */
export interface RequestMessage {
  type: "request";
  /** Pairs the answer with it. */
  id: number;
  method: string;
  /** With the query. */
  path: string;
  headers: Record<string, string>;
  body: string | null;
}

/** Its answer. */
export interface AnswerMessage {
  type: "answer";
  id: number;
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What the worker says. Messages of the simulation itself are its control's business, and are of other types. */
export type FromWorker = AnswerMessage | { type: "simulation" };
