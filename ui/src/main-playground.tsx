import { start } from "@/app/start";
import { WorkerPlatform } from "@/platform/worker";
import { boot } from "@/playground/boot";
import { momentOf, scenarioOf } from "@/playground/link";
import { workOffline } from "@/playground/offline";
import { followClock } from "@/shared/clock";

const splash = document.getElementById("splash");
const sentence = document.getElementById("splash-sentence");

function tell(text: string): void {
  if (sentence !== null) sentence.textContent = text;
}

try {
  const { worker, simulation, refusal } = await boot(
    scenarioOf(location.hash),
    momentOf(location.hash)?.atMs ?? null,
    tell,
  );
  splash?.remove();
  followClock(() => simulation.state().snapshot.wall_ms);
  start(new WorkerPlatform(worker, simulation));
  if (refusal !== null) {
    const { notifications } = await import("@mantine/notifications");
    notifications.show({
      color: "red",
      title: "The scenario of this link could not be taken",
      message: `${refusal}. The usual one runs instead.`,
      autoClose: false,
    });
  }
  workOffline();
} catch (error) {
  splash?.setAttribute("data-failed", "");
  tell(`The playground could not be started: ${error instanceof Error ? error.message : String(error)}`);
}
