// Before the first paint, so that nobody who chose dark sees white.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("writ-scheme");
  } catch (e) {
    // A browser that keeps nothing follows the system.
  }
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
