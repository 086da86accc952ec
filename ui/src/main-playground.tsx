import { start } from "@/app/start";
import { WorkerPlatform } from "@/platform/worker";
import { boot } from "@/playground/boot";
import { readLink } from "@/playground/link";
import { workOffline } from "@/playground/offline";
import { followClock } from "@/shared/clock";

const splash = document.getElementById("splash");
const sentence = document.getElementById("splash-sentence");

function tell(text: string): void {
  if (sentence !== null) sentence.textContent = text;
}

try {
  const { scenario, moment, damage } = readLink(location.hash);
  const { worker, simulation } = await boot(damage === null ? scenario : "", moment?.atMs ?? null, tell);
  splash?.remove();
  followClock(() => simulation.state().snapshot.wall_ms);
  start(new WorkerPlatform(worker, simulation));
  workOffline();
} catch (error) {
  splash?.setAttribute("data-failed", "");
  tell(`The playground could not be started: ${error instanceof Error ? error.message : String(error)}`);
}
