import type { Defaults } from "@/platform/session";
import type { AnswerMessage, RequestMessage } from "@/platform/worker-messages";

/** Functions of the Python side that take one text and return one. */
export type Call = "start" | "act" | "share" | "conformance";

export type ToWorker =
  | RequestMessage
  /** The first message: where the files of the site are, and what to start. */
  | { type: "boot"; base: string; scenario: string; stopAtMs: number | null }
  | { type: "call"; id: number; call: Call; text: string; stopAtMs?: number | null }
  | { type: "pace"; isPlaying?: boolean; speed?: number; step?: true; stopAtMs?: number | null };

export type FromPlayground =
  | AnswerMessage
  | { type: "booting"; phase: BootPhase }
  | {
      type: "booted";
      defaults: Defaults;
      started: string;
      /** Why the scenario of the link could not be taken; the usual one runs then. */
      refusal: string | null;
    }
  | { type: "failed"; why: string }
  | { type: "called"; id: number; text: string }
  /** A snapshot as JSON text: it is read only by pages that show it. */
  | { type: "simulation"; snapshot: string; pace: Pace };

export type BootPhase = "python" | "platform" | "scenario";

export interface Pace {
  isPlaying: boolean;
  speed: number;
  reached: number;
}
