import type { components } from "./schema";

export type ProblemDocument = components["schemas"]["Problem"];
export type ProblemItem = components["schemas"]["ProblemItem"];

/** Codes of the API, and three of our own for what came back instead of an answer of the API. */
export type ProblemCode = ProblemDocument["code"] | "unreachable" | "no-json" | "unexpected-status";

/** A refusal, with all that its problem document says. */
export class ProblemError extends Error {
  override readonly name: string = "ProblemError";
  readonly code: ProblemCode;
  readonly title: string;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly problems: readonly ProblemItem[];
  readonly requestId: string | null;
  /** Seconds that the platform asks to wait before the next try. */
  readonly retryAfterS: number | null;

  constructor(about: {
    code: ProblemCode;
    title: string;
    detail: string;
    status: number;
    problems?: readonly ProblemItem[];
    requestId?: string | null;
    retryAfterS?: number | null;
  }) {
    super(about.detail);
    this.code = about.code;
    this.title = about.title;
    this.status = about.status;
    this.problems = about.problems ?? [];
    this.requestId = about.requestId ?? null;
    this.retryAfterS = about.retryAfterS ?? null;
  }

  /** Whether the same request may succeed a little later, with nothing changed. */
  get isRetryable(): boolean {
    return this.code === "unreachable" || this.code === "unavailable" || this.status === 429;
  }

  /** What is wrong at one place of the input, e.g. "source"; for the fields of a form. */
  at(path: string): string | undefined {
    return this.problems.find((problem) => problem.path === path)?.detail;
  }
}

/** The object was changed by somebody else since it was read (412). */
export class VersionConflictError extends ProblemError {
  override readonly name = "VersionConflictError";
  /** The ETag that it has now, when the API said so. */
  readonly currentEtag: string | null;

  constructor(document: ProblemDocument, currentEtag: string | null) {
    super({ ...document, requestId: document.request_id });
    this.currentEtag = currentEtag;
  }
}

/** Makes an error of an answer that is none of 2xx, whatever its body holds. */
export function problemOf(response: Response, body: unknown): ProblemError {
  if (!isProblemDocument(body)) {
    const requestId = response.headers.get("X-Request-Id");
    const detail = `the answer has status ${response.status}, and is not one of the API`;
    const title = "Unexpected answer";
    return new ProblemError({
      code: "unexpected-status",
      title,
      detail,
      status: response.status,
      requestId,
    });
  }
  if (body.code === "version-conflict") return new VersionConflictError(body, response.headers.get("ETag"));
  const after = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new ProblemError({
    ...body,
    requestId: body.request_id,
    retryAfterS: Number.isFinite(after) ? after : null,
  });
}

/** Makes an error of what a request that was not answered threw. */
export function unreachable(cause: unknown): ProblemError {
  const detail = "The platform did not answer. It may be restarting, or this device may be offline.";
  const error = new ProblemError({ code: "unreachable", title: "Not reachable", detail, status: 0 });
  error.cause = cause;
  return error;
}

function isProblemDocument(body: unknown): body is ProblemDocument {
  return typeof body === "object" && body !== null && "code" in body && "title" in body && "detail" in body;
}
