import { usePlatform } from "./context";

/** Which build this is. */
export function BuildStamp() {
  const { kind } = usePlatform();
  const { version, commit } = __BUILD__;
  return (
    <>
      <span>{kind === "playground" ? "Simulated in this browser tab" : "Alerting platform"}</span>
      <span className="tabular" data-testid="build-stamp">
        Version {version}
        {commit !== "" && `, commit ${commit}`}
      </span>
    </>
  );
}
