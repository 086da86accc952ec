import { Button } from "@mantine/core";

/** Opens a list of which the beginning is shown. */
export function ShowAll({ what, onShow }: { what: string; onShow: () => void }) {
  return (
    <Button variant="subtle" size="compact-sm" mih={{ base: 40, sm: 32 }} mt="xs" onClick={onShow}>
      {`Show all ${what}`}
    </Button>
  );
}
