import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

/** The one accent: a deep blue that has 4.5:1 on both backgrounds. */
const accent: MantineColorsTuple = [
  "#eef3fc",
  "#dbe4f6",
  "#b4c7ee",
  "#8aa8e5",
  "#678ede",
  "#517ddb",
  "#3f6fd4",
  "#2f5fc0",
  "#2954ad",
  "#1d4898",
];

/** Greys with a breath of blue, for both schemes. */
const gray: MantineColorsTuple = [
  "#f7f8fa",
  "#eef0f4",
  "#e2e6ec",
  "#d0d5de",
  "#b1b8c5",
  "#8a93a3",
  "#5d6675",
  "#454d5b",
  "#2e3541",
  "#1a1f28",
];

const dark: MantineColorsTuple = [
  "#d5dae3",
  "#b4bcc9",
  "#98a2b3",
  "#6b7586",
  "#3d4657",
  "#2c3442",
  "#222936",
  "#171c26",
  "#11151d",
  "#0b0e14",
];

/** Red for what fails and what destroys: white on it has 4.5:1 from shade 6 on. */
const red: MantineColorsTuple = [
  "#fdf0f0",
  "#fbdcdc",
  "#f5b8b9",
  "#f09496",
  "#e87679",
  "#dd4f53",
  "#d13438",
  "#b8272b",
  "#a01f24",
  "#86191d",
];

const SANS =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", "Helvetica Neue", Arial, sans-serif';
const MONO =
  'ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", "Liberation Mono", Menlo, Consolas, monospace';

export const theme = createTheme({
  primaryColor: "accent",
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  colors: { accent, gray, dark, red },
  fontFamily: SANS,
  fontFamilyMonospace: MONO,
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: {
    fontFamily: SANS,
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.375rem", lineHeight: "1.3" },
      h2: { fontSize: "1rem", lineHeight: "1.4" },
      h3: { fontSize: "0.875rem", lineHeight: "1.4" },
    },
  },
  defaultRadius: "sm",
  radius: { xs: "2px", sm: "4px", md: "6px", lg: "8px", xl: "12px" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: "sm" } },
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", comboboxProps: { shadow: "md" } } },
    Table: {
      defaultProps: {
        verticalSpacing: 7,
        horizontalSpacing: "sm",
        // Links keep 4.5:1 on it.
        highlightOnHoverColor: "light-dark(var(--mantine-color-gray-1), #1e2531)",
      },
    },
    Paper: { defaultProps: { withBorder: true, radius: "md", p: "md" } },
    Card: { defaultProps: { withBorder: true, radius: "md" } },
    // Some of the colours are too light to be read as text; the icon beside the title has them.
    Alert: { styles: { title: { color: "var(--mantine-color-text)" } } },
    Modal: { defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.4 } } },
    Drawer: { defaultProps: { overlayProps: { backgroundOpacity: 0.4 } } },
    Tooltip: {
      defaultProps: {
        withArrow: true,
        openDelay: 250,
        events: { hover: true, focus: true, touch: true },
      },
    },
    Badge: { defaultProps: { radius: "sm", variant: "light" } },
  },
});

/** Quiet surfaces: the page is a shade darker than what lies on it; secondary text keeps 4.5:1. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-dimmed": "#5d6675",
    "--mantine-color-text": "#1a1f28",
    "--mantine-color-placeholder": "#6b7383",
    "--mantine-color-error": "#b8272b",
    "--mantine-color-default-border": "#dde1e8",
    "--app-page": "#f5f6f9",
    "--app-track": "#e2e6ec",
    "--app-chart-1": "#2f5fc0",
    "--app-chart-2": "#15803d",
    "--app-chart-3": "#b45309",
    "--app-chart-4": "#a21caf",
    "--app-chart-5": "#0e7490",
    "--app-chart-6": "#c02b31",
  },
  dark: {
    "--mantine-color-body": "#171c26",
    "--mantine-color-dimmed": "#98a2b3",
    "--mantine-color-text": "#d5dae3",
    "--mantine-color-placeholder": "#929cad",
    "--mantine-color-error": "#ff9c9c",
    "--mantine-color-default-border": "#2c3442",
    "--app-page": "#11151d",
    "--app-track": "#2c3442",
    "--app-chart-1": "#7da0ea",
    "--app-chart-2": "#5fc98a",
    "--app-chart-3": "#eda94f",
    "--app-chart-4": "#d88be6",
    "--app-chart-5": "#5cc3d8",
    "--app-chart-6": "#f58a8a",
  },
});
