// Before the first paint, so that no dark page flashes white. It is a file because the page allows no inline script.
(function () {
  let scheme = "auto";
  try {
    scheme = localStorage.getItem("alerting-color-scheme") || "auto";
  } catch {
    // Storage is switched off: the system's own scheme it is.
  }
  const dark =
    scheme === "dark" || (scheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
