import type { Key } from "@/api/types";
import type { KeyState } from "@/shared/badges";
import { platformNow } from "@/shared/clock";

export function keyState(key: Key, nowMs = platformNow()): KeyState {
  if (key.revoked_at !== null) return "revoked";
  return key.expires_at !== null && Date.parse(key.expires_at) <= nowMs ? "expired" : "active";
}
