/* Runs before the first paint, so that a chosen theme does not flash in the other one. */

(() => {
  try {
    const theme = localStorage.getItem("local-slack-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // A browser that keeps nothing for pages shows the theme of its own settings.
  }
})();
