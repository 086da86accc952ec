/** What was built, put in by the build. */
declare const __BUILD__: { version: string; commit: string };
