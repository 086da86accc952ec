import { Button, Stack, Tabs } from "@mantine/core";
import { IconMap2 } from "@tabler/icons-react";

import { PageHeader } from "@/shared/PageHeader";

import { Charts } from "./Charts";
import { Checks } from "./Checks";
import { CommitFirst } from "./CommitFirst";
import { FaultsPanel } from "./FaultsPanel";
import { LinkNotice } from "./LinkNotice";
import { Log } from "./Log";
import pageClasses from "./page.module.css";
import { Picture } from "./Picture";
import { SettingsPanel } from "./SettingsPanel";
import { Share } from "./Share";
import { Tour } from "./Tour";
import { useTour } from "./tour-progress";
import { Transport } from "./Transport";
import { useLink } from "./use-link";

/** The platform in this tab: to be watched, hurried, stopped, and hurt. */
export default function SimulationPage() {
  const followed = useLink();
  const tour = useTour();
  return (
    <>
      <PageHeader
        title="Simulation"
        description="The whole platform runs in this tab. Watch it, hurry it, break it, and see what it promises hold."
        actions={
          <>
            {tour.progress === null && (
              <Button variant="default" onClick={tour.begin} leftSection={<IconMap2 size={16} aria-hidden />}>
                Show the tour
              </Button>
            )}
            <Share />
          </>
        }
      />
      <Stack gap="sm">
        <LinkNotice followed={followed} />
        {tour.progress !== null && <Tour progress={tour.progress} onGo={tour.go} onEnd={tour.end} />}
        <Transport />
        <Checks />
        <Picture />
        <div className={pageClasses.columns}>
          <Stack gap="sm">
            <CommitFirst />
            <section className={pageClasses.panel} aria-label="Faults and settings">
              <Tabs defaultValue="faults" keepMounted={false}>
                <Tabs.List mb="md">
                  <Tabs.Tab value="faults">Faults</Tabs.Tab>
                  <Tabs.Tab value="settings">Settings</Tabs.Tab>
                </Tabs.List>
                <Tabs.Panel value="faults">
                  <FaultsPanel />
                </Tabs.Panel>
                <Tabs.Panel value="settings">
                  <SettingsPanel />
                </Tabs.Panel>
              </Tabs>
            </section>
          </Stack>
          <Stack gap="sm">
            <Log />
            <Charts />
          </Stack>
        </div>
      </Stack>
    </>
  );
}
